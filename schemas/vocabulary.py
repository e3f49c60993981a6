"""The closed sets of words that columns may hold, each with what the words mean."""

from typing import Final

Words = dict[str, str]

CRAWL_KIND: Final[Words] = {
    "crawl": "Pages fetched live by the spider.",
    "check": "Pages of a list of links, and the targets of these, fetched live; nothing was followed.",
    "ingest": "Pages read from web archives (WARC, WAT).",
    "import": "An edge list made elsewhere; no pages.",
}

FETCH_STATE: Final[Words] = {
    "fetched": "An HTML page with a 2xx status.",
    "http_error": "An answer with a 4xx or 5xx status.",
    "not_html": "A 2xx answer that is not HTML.",
    "redirect_unresolved": "A redirect not followed to an end: a loop, too long, target out of scope, refused or dead.",
    "robots_disallowed": "Not requested: robots.txt says no.",
    "robots_unreachable": "Not requested: robots.txt could not be fetched, the host may be dead (RFC 9309 §2.3.1.4).",
    "address_refused": "Not requested: the host resolves to a non-public address that nobody named.",
    "unreachable": "No answer: DNS, connection, TLS or timeout failure.",
    "too_large": "The body exceeds the limit of decoded bytes.",
    "revisit_unresolved": "An archive says that the page is as in an earlier record, which this ingest does not hold.",
}

RECORD_KIND: Final[Words] = {
    "live": "The page itself, fetched by the spider.",
    "warc": "The page itself, from an archive (a revisit: the page that it refers to).",
    "wat": "What a WAT file says of the page: anchors cut at 128 characters (in older files 100), no placement.",
}

LINK_TYPE: Final[Words] = {
    "text": "An a element with text.",
    "image": "An a element whose content is an image; its alt text stands for the anchor.",
    "area": "An area of an image map; its alt text stands for the anchor.",
    "iframe": "An embedded page.",
    "form": "The action of a form.",
    "structured_data": "A URL in JSON-LD or microdata.",
    "redirect": "An HTTP redirect.",
    "meta_refresh": "A meta refresh.",
    "http_header": "An HTTP Link header.",
    "feed": "A feed link.",
    "alternate": "An alternate or hreflang link: neither followed nor nofollowed.",
    "canonical": "A canonical link: neither followed nor nofollowed.",
}
"""In order of precedence: the first of a link's types is its ``link_type``."""

NEUTRAL_LINK_TYPES: Final = ("alternate", "canonical")
"""Types that count neither as followed nor as nofollowed, and never as a backlink."""

UNREAD_LINK_TYPES: Final = ("feed", "form", "http_header", "structured_data")
"""Types that no reader meets as a link: recorded as backlinks, and no votes."""

PLACEMENT: Final[Words] = {
    "main": "In the main content.",
    "list": "In a list of links inside the main content.",
    "navigation": "In a navigation block.",
    "header": "In the page header.",
    "footer": "In the page footer.",
    "sidebar": "Beside the main content.",
    "comment": "In a comment by a reader.",
    "author_bio": "In the note about the author.",
    "ad": "In an advertisement or widget.",
    "directory": "In a directory listing.",
    "unknown": "Nothing on the page says where.",
}

BLOCK_ROLE: Final[Words] = {
    "template": "On half of the host's pages, and half of its links recur: a part of the frame.",
    "content": "The same frame with hardly a link that recurs.",
    "mixed": "Neither.",
}

PLACEMENT_BASIS: Final[Words] = {
    "page": "By its page alone.",
    "template": "By all pages of the host that show its block with the same links.",
    "content": "By its page, and the block holds other links on other pages of the host.",
}

LINK_SCOPE: Final[Words] = {
    "same_host": "Source and target are on one host.",
    "same_domain": "Source and target are on one registrable domain.",
    "same_owner": "Source and target belong to one owner.",
    "no_domain": "An end has no registrable domain: an IP address, a single label, a public suffix, a local name.",
    "external": "Source and target are on different registrable domains.",
}

LINK_STATE: Final[Words] = {
    "live": "Seen on the last good fetch of its page.",
    "lost": "Its page was fetched again without it, or is gone.",
    "unreachable": "Its page answered with an error or not at all on the last visit.",
    "blocked": "Its page refused the last visit (robots.txt, 401, 403, 451).",
    "unchecked": "Never seen on a 2xx page.",
}

LOST_REASON: Final[Words] = {
    "link_removed": "The page was fetched again and no longer has the link.",
    "page_gone": "The page answered 404 or 410 on two visits at least 24 hours apart.",
}

REL_CLASS: Final[Words] = {
    "follow": "No sighting says otherwise (the field also says dofollow).",
    "nofollow": "rel=nofollow, or the page's directives say nofollow.",
    "ugc": "rel=ugc: user-generated content.",
    "sponsored": "rel=sponsored: paid for.",
}
"""From weak to strong: the most specific wins."""

EQUITY_BLOCK_REASON: Final[Words] = {
    "not_live": "The link is not live.",
    "neutral_type": "Canonical and alternate links, forms, feeds, HTTP headers and structured data are no votes.",
    "no_domain": "An end of it has no registrable domain: nobody in the public web that could vote or be voted for.",
    "hidden": "No reader can see it.",
    "rel_sponsored": "Paid for.",
    "rel_ugc": "User-generated content.",
    "rel_nofollow": "Marked nofollow.",
    "page_nofollow": "The page's directives say nofollow.",
}
"""In order of precedence: the first that applies is given."""

ANCHOR_CLASS: Final[Words] = {
    "image": "The anchor is an image; its alt text, if any, stands for the text.",
    "empty": "No text that a reader could see.",
    "url": "A naked address: a URL, or the target's host name.",
    "brand": "Names the target's brand: the first label of its domain, alone or among other words.",
    "generic": "Says nothing of the target: click here, read more, a symbol, a page number; in 74 languages.",
    "exact": "Says what the target page is about, word for word: its title, first heading or URL slug.",
    "partial": "Has these words among others, or some of them.",
    "other": "None of these.",
}
"""In docs/classes.md: in which order they are asked."""

PLATFORM_CLASS: Final[Words] = {
    "social": "Social network.",
    "forum": "Forum or discussion board.",
    "qa": "Questions and answers.",
    "wiki": "Wiki: pages that many may edit.",
    "blog": "Blog.",
    "video": "Video platform.",
    "code_hosting": "Hosted source code or packages.",
    "news": "News outlet.",
    "shop": "Shop or marketplace.",
    "gov": "Government or intergovernmental body.",
    "edu": "University or school.",
    "directory": "Directory of sites or businesses.",
    "link_in_bio": "A profile page made of links.",
    "shortener": "URL shortener.",
    "search": "Search engine.",
    "archive": "Archive of web pages.",
    "unknown": "Nothing says what it is.",
}

ORIGIN_ROLE: Final[Words] = {
    "self_owned": "Between pages of one owner.",
    "sponsored": "Paid for.",
    "ugc": "Placed by a user of the site.",
    "syndicated": "On a copy of a page whose original is on another domain.",
    "guest": "By a guest author.",
    "bio": "In a note about its author, or on a profile page.",
    "directory": "An entry of a directory.",
    "widget": "In a block that pages of the site share: a menu, a badge, a credit, a blogroll.",
    "editorial": "Chosen by the site's own editors, in the content.",
    "unknown": "Nothing says how it came about.",
}

REJECT_REASON: Final[Words] = {
    "empty": "Nothing there.",
    "not_http": "Another scheme than http and https.",
    "unparsable_url": "Not a URL by the WHATWG standard, or an impossible host name.",
    "no_host": "An http(s) URL without a host.",
    "too_long": "Longer than 8,192 bytes.",
    "bad_record": "An archive record that cannot be read.",
    "bad_http": "An archive record whose HTTP message cannot be read.",
    "bad_date": "An archive record without a usable date, or one before the web or after today.",
    "bad_target": "An archive record without a usable target URL.",
    "bad_digest": "An archive record that is not what its writer hashed.",
    "damaged_bytes": "Bytes between or inside archive records that had to be skipped.",
    "bad_row": "A row of an edge list that cannot be used.",
}

TIER: Final[Words] = {
    "suspected": "farm_score of at least .5.",
    "likely": "farm_score of at least .8 and two families of evidence.",
    "very_likely": "farm_score of at least .95 and two families of evidence.",
}

FARM_ROLE: Final[Words] = {
    "booster": "Links to the farm's targets to lift them.",
    "target": "What the boosters link to.",
}

BROKEN_REASON: Final[Words] = {
    "gone": "It answers 404 or 410.",
    "client_error": "It answers with another 4xx status than those that refuse a visitor (401, 403, 407, 429, 451).",
    "server_error": "It answers with a 5xx status.",
    "redirects_nowhere": "It redirects in a loop, too often, to no web address, or to a host that does not answer.",
}

MEND_REASON: Final[Words] = {
    "same_page": "The same address but for scheme, www, slash, index file, extension, query or capitals.",
    "same_slug": "The only page of the domain that ends in the same word.",
    "folder": "The page of the nearest folder above it.",
    "home": "The home page: nothing nearer was crawled.",
}
"""From sure to makeshift: the first that is found is given."""

DISAVOW_REASON: Final[Words] = {
    "farm_member": "Its domain is suspected of taking part in a link farm, and passes equity.",
    "paid_and_followed": "The page calls itself paid for, and passes equity all the same.",
}

ENTRY_KIND: Final[Words] = {
    "domain": "A whole registrable domain.",
    "url": "One page.",
}

OUTCOME: Final[Words] = {
    "built": "New output was written.",
    "unchanged": "The same inputs were already built and published.",
    "staged": "New output waits for its gate.",
    "time_boxed": "Stopped at its time limit with progress kept.",
    "no_input": "There was by nature nothing to do.",
    "stopped": "A gate stopped the output.",
    "failed": "An error ended the run.",
    "discarded": "What a gate had stopped was thrown away.",
    "retracted": "What was published was withdrawn.",
    "restored": "What was withdrawn was put back.",
}

SEVERITY: Final[Words] = {
    "stop": "Keeps the output from being published, unless a person accepts it.",
    "warn": "Worth a look; published all the same.",
}
