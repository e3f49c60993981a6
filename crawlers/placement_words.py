"""What tags, roles, names, addresses and anchor texts say of the part of a page that they stand in."""

import re
from functools import lru_cache, reduce
from operator import or_
from typing import Final

SIGNS: Final = (
    # By tag or role, https://www.w3.org/TR/wai-aria-1.2/#landmark_roles
    "nav_tag", "header_tag", "inner_header", "footer_tag", "inner_footer", "aside_tag", "main_tag", "article_tag",
    # By words
    "comment", "comments", "comment_note", "thread", "bio", "ad", "share", "social", "footer", "legal", "menu", "trail",
    "pager", "filing", "meta", "header", "logo", "account", "sidebar", "widget", "column", "related", "recent",
    "content", "post", "teaser",
    "gallery", "directory", "references", "overlay", "promo", "comment_inside",
    # By the kind of the nearest elements
    "in_paragraph", "in_heading", "in_list", "in_table", "in_figure", "in_form",
)  # fmt: skip
"""Everything that can be said of an element; a set of signs is a whole number with a bit for each."""

BIT: Final = {sign: 1 << number for number, sign in enumerate(SIGNS)}


def bits(*signs: str) -> int:
    """The set of these signs."""
    return sum(BIT[sign] for sign in signs)


SECTIONS: Final = bits("main_tag", "article_tag", "aside_tag", "nav_tag")
"""Inside these a header or footer is the section's, not the page's (HTML-AAM)."""

COMMENTS: Final = bits("comment", "comments")

KINDS: Final = bits("in_paragraph", "in_heading", "in_list", "in_table", "in_figure", "in_form")
"""Signs that say how a link is set, not what for."""

SIGNS_OF_TAG: Final = {
    "nav": "nav_tag", "header": "header_tag", "footer": "footer_tag", "aside": "aside_tag", "main": "main_tag",
    "article": "article_tag", "p": "in_paragraph", "blockquote": "in_paragraph", "figcaption": "in_paragraph",
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "in_heading"), "li": "in_list", "dd": "in_list",
    "dt": "in_list", "td": "in_table", "th": "in_table", "figure": "in_figure", "form": "in_form",
    "fieldset": "in_form",
}  # fmt: skip

SIGNS_OF_ROLE: Final = {
    "navigation": "nav_tag", "menu": "nav_tag", "menubar": "nav_tag", "banner": "header_tag",
    "contentinfo": "footer_tag", "complementary": "aside_tag", "main": "main_tag", "article": "article_tag",
    "search": "account", "dialog": "overlay", "alertdialog": "overlay",
}  # fmt: skip

_WORDS: Final = {
    "comment": "comment comments respond reply replies review reviews trackback trackbacks pingback pingbacks ugc "
               "avis opinie opiniones reactions reacties guestbook feedback",
    "thread": "thread threads postbit postbody posts topic topics message messages forum forums answer answers "
              "question questions discussion discussions signature bbs",
    "bio": "author authors autor autore autoren auteur bio biography byline writer vcard redakteur verfasser "
           "autorbox "
           "contributor contributors reporter columnist journalist kirjoittaja skribent",
    "ad": "ad ads adv advert adverts advertise advertisement advertising adsense adsbygoogle adbox adzone dfp gpt "
          "banner banners sponsor sponsored sponsors anzeige anzeigen werbung reklam reklama reklame publicidad "
          "publicite pubblicita promoted affiliate taboola outbrain leaderboard skyscraper billboard e3lan partner",
    "share": "share sharing shares sharer sharedaddy shariff addthis addtoany a2a ssba ssbp swp sharethis "
             "shareaholic "
             "tweet retweet teilen compartir partager condividi socialshare bookmarks print email whatsapp pinit dd",
    "comments": "comments commentlist respond disqus kommentare commentaires comentarios commentarea commentbody",
    "social": "social socials sns follow facebook twitter instagram youtube linkedin pinterest",
    "footer": "footer foot foote footers colophon bottom fuss fusszeile pied fat subfooter doormat rodape ft btm",
    "legal": "copyright copy legal imprint impressum credits credit disclaimer terms privacy sitemap",
    "menu": "nav navi menu menus navbar topnav subnav mainnav sitenav nav1 navigation navigator tabs tab tabbar "
            "dropdown submenu megamenu topmenu mainmenu sidemenu mega drilldown gnb lnb offcanvas drawer burger "
            "hamburger sections categories channels",
    "trail": "breadcrumb breadcrumbs crumb crumbs bread path pathway yah brotkrume kruemel fil ariane",
    "pager": "pager pagination paging paginate paginator pages pagenav pagenavi prev previous next older newer "
             "prevnext blaettern",
    "filing": "tags tag taglist tagcloud cat cats category categorie kategorie topics keywords keyword labels label "
              "filed schlagworte etiquetas slug kicker rubric rubrik dateline eyebrow",
    "meta": "meta postmeta metadata postmetadata info details entrymeta articlemeta date datum time published "
            "timestamp",
    "header": "header head hd masthead topbar top kopf kopfzeile branding brand banner hat globalheader strip "
              "toolbar utility utilities upper heading cabecera tete",
    "logo": "logo logos logotype sitename",
    "account": "login logon signin signup register account konto cart basket warenkorb panier minicart wishlist "
               "search "
               "suche language languages lang langs locale user userbar userinfo usermenu profile service quicklinks "
               "skip phone currency subscribe abo meta-nav",
    "sidebar": "sidebar sidebars side aside rail sidecol secondary tertiary sidenav marginal marginalspalte "
               "seitenleiste lateral barra complementary",
    "widget": "widget widgets gadget module modul portlet block box panel",
    "column": "right left rechts links droite gauche derecha izquierda col3 col1 leftcol rightcol column3 colright "
              "colleft",
    "related": "related similar recommend recommended recommendation recommendations recirc recirculation "
               "recirculator "
               "more yarpp also alike mehr weitere verwandt verwandte aehnliche empfehlung suggested suggestions "
               "next "
               "upnext continue crosssell upsell relacionados connexes correlati",
    "recent": "recent latest popular trending trend mostread most top10 ranking hot archive archives blogroll "
              "calendar "
              "headlines ticker breaking aktuell neueste beliebt newest viewed",
    "content": "content contents main maincontent primary body inhalt contenido contenu center middle centre "
               "hauptinhalt "
               "mainbody maincol contentarea contenuto cuerpo corps cms",
    "post": "post article entry story text artikel articolo nota noticia hentry single detail fulltext postbody "
            "prose "
            "wysiwyg richtext editor paragraph rte blogpost recipe copy description itemview news",
    "teaser": "teaser teasers card cards item items list listing listings results result grid product products tile "
              "tiles feed stream excerpt row summary entries stories overview loop archive catalog catalogue "
              "articles "
              "portada promo headline blogposts",
    "gallery": "gallery thumb thumbs thumbnail thumbnails carousel slider slides slide lightbox photo photos "
               "flexslider",
    "directory": "directory branchenbuch companies hotels vendors merchants businesses members exhibitors",
    "references": "reference references reflist footnote footnotes toc citation citations external downloads "
                  "download "
                  "attachments resources links linklist",
    "overlay": "cookie cookies consent gdpr modal popup overlay lightboxes dialog fancybox",
    "promo": "newsletter promo promos promotion cta teaserbox subscribe subscription campaign offer offers "
             "signupform",
}  # fmt: skip

_STEMS: Final = (
    ("comment", "comment"), ("kommentar", "comment"), ("coment", "comment"), ("leserbrief", "comment"),
    ("leserpost", "comment"), ("disqus", "comment"), ("yorum", "comment"), ("trackback", "comment"),
    ("guestbook", "comment"), ("review", "comment"), ("discussion", "thread"), ("postbit", "thread"),
    ("author", "bio"), ("byline", "bio"), ("advert", "ad"), ("sponsor", "ad"), ("adsense", "ad"), ("bannerad", "ad"),
    ("werbung", "ad"), ("trustpilot", "ad"), ("sharebox", "share"), ("sharebar", "share"), ("sharebutton", "share"),
    ("sharing", "share"), ("social", "social"), ("footer", "footer"), ("fussbereich", "footer"), ("bottom", "footer"),
    ("copyright", "legal"), ("impressum", "legal"), ("menu", "menu"), ("navi", "menu"), ("topnav", "menu"),
    ("subnav", "menu"), ("mainnav", "menu"), ("dropdown", "menu"), ("breadcrumb", "trail"), ("paginat", "pager"),
    ("pagenav", "pager"), ("header", "header"), ("masthead", "header"), ("topbar", "header"), ("logo", "logo"),
    ("login", "account"), ("signin", "account"), ("warenkorb", "account"), ("search", "account"),
    ("sidebar", "sidebar"), ("seitenleiste", "sidebar"), ("widget", "widget"), ("portlet", "widget"),
    ("related", "related"), ("recommend", "related"), ("recirc", "related"), ("mostread", "recent"),
    ("popular", "recent"), ("recent", "recent"), ("trending", "recent"), ("blogroll", "recent"),
    ("content", "content"), ("hauptteil", "content"), ("article", "post"), ("artikel", "post"), ("teaser", "teaser"),
    ("gallery", "gallery"), ("galerie", "gallery"), ("thumbnail", "gallery"), ("carousel", "gallery"),
    ("cookie", "overlay"), ("modal", "overlay"), ("popup", "overlay"), ("newsletter", "promo"),
)  # fmt: skip
"""Beginnings and ends of compounds such as leftsidebar or commentlist."""

_STEM_TEXTS: Final = tuple(stem for stem, _ in _STEMS)
_STEM_BITS: Final = tuple((stem, BIT[sign]) for stem, sign in _STEMS)
_LONGEST_SIMPLE_WORD: Final = 5
LONGEST_NAME: Final = 80

_SIGNS_OF_WORD: Final[dict[str, int]] = {}
for _sign, _words in _WORDS.items():
    for _word in _words.split():
        _SIGNS_OF_WORD[_word] = _SIGNS_OF_WORD.get(_word, 0) | BIT[_sign]

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")
_IDLE = re.compile(
    r"(?:(?:has|with|without|no|not|category|tag|type|status|format|menu-item-(?:type|object))[-_]|hidden-"
    "|[mp][tblrxy]?-)"
)
_LOOK = re.compile(
    r"(?:border|margin|padding|align|float|clear|pull|text|pos|object|justify|items)[-_]?(?:top|bottom|left"
    "|right|cent|middle)"
)
"""Classes that speak of something else: WordPress puts a post's category and tags there, others how a box looks."""

_COMMENT_NOTE = re.compile(
    r"(?:recent|latest|last|top|new|letzte|derniers)[-_]?comment|comments?[-_]?(?:link|count|num|icon|bubble"
    "|total|badge|popup)"
    r"|(?:meta|num|count|total|n)[-_]{0,2}comments?$|post-?comments?-?(?:link|number)|commentaires?-?count|recentcomm",
    re.IGNORECASE,
)
"""A word on how many comments there are, or a box of new ones from everywhere: no comment section."""


def signs_of_element(tag: str, role: str, names: list[str]) -> int:
    """The signs of an element by its tag, its role and the words of its id and class attributes."""
    signs = 0
    if tag in SIGNS_OF_TAG:
        signs = BIT[SIGNS_OF_TAG[tag]]
    for word in role.lower().split() if role else ():
        if word in SIGNS_OF_ROLE:
            signs |= BIT[SIGNS_OF_ROLE[word]]
    for name in names:
        signs |= signs_of_name(name)
    return signs


@lru_cache(maxsize=65_536)
def signs_of_name(name: str) -> int:
    """The signs of a single class or id, by its parts and, where these say nothing, by stems of compounds."""
    if len(name) > LONGEST_NAME or _IDLE.match(name) or _LOOK.search(name):
        return 0
    if "omment" in name and _COMMENT_NOTE.search(name):
        return BIT["comment_note"] | (BIT["recent"] if "ecent" in name else 0)
    signs = 0
    for part in _PARTS.findall(name):
        word = part.lower()
        signs |= _SIGNS_OF_WORD[word] if word in _SIGNS_OF_WORD else _signs_of_compound(word)
    return signs


def _signs_of_compound(word: str) -> int:
    if len(word) <= _LONGEST_SIMPLE_WORD or not (word.startswith(_STEM_TEXTS) or word.endswith(_STEM_TEXTS)):
        return 0
    return reduce(or_, (sign for stem, sign in _STEM_BITS if word.startswith(stem) or word.endswith(stem)))


_HREF_WORDS: Final = {
    "account": "login signin sign_in sign-in logon register signup sign-up account myaccount my-account cart basket "
               "warenkorb checkout user users member members profile wishlist search suche customer anmelden lang "
               "register.php login.php password logout newsletter subscribe abo subscription subscriptions contact "
               "contact-us kontakt help hilfe support",
    "filing": "tag tags category categories kategorie rubrik topic topics thema themen label keyword section "
              "sections",
    "bio": "author authors autor autoren auteur auteurs by profile profiles contributor staff journalist people team "
           "writers columnists autores redaktion",
    "legal": "privacy privacy-policy imprint impressum terms datenschutz legal disclaimer agb cookies cookie-policy "
             "copyright terms-of-service terms-of-use privacy.html terms-and-conditions sitemap careers jobs about "
             "about-us advertise mediadaten press mentions-legales aviso-legal privacidade privacidad cgu "
             "accessibility "
             "contact-us advertising policies conditions",
    "share": "sharer sharer.php share share.php intent sharearticle pin submit addtoany tweet cws send diaspora",
    "ad": "adclick ads click redir out go affiliate ck.php adserver sponsored",
    "pager": "page",
    "thread": "thread threads topic viewtopic showthread.php viewtopic.php showpost.php post member.php "
              "memberlist.php "
              "profile.php u",
    "comment_note": "comments comment respond disqus_thread comments-area replytocom comments-section",
}  # fmt: skip
"""Parts of an address, lower case, that say what a link is for."""

_RELS: Final = {
    "bio": "author", "filing": "tag category", "pager": "prev next", "post": "bookmark", "logo": "home",
    "ad": "nofollow sponsored", "comment": "ugc",
}  # fmt: skip

_ANCHOR_PHRASES: Final = {
    "account": "login|log in|log-in|sign in|signin|sign up|register|registration|my account|account|anmelden"
               "|einloggen"
               "|registrieren|mein konto|warenkorb|cart|my cart|basket|shopping cart|checkout|wishlist|search"
               "|suche|subscribe"
               "|abonnieren|abo|newsletter|contact|contact us|kontakt|contacto|contato|help|hilfe|support|faq"
               "|english|deutsch"
               "|français|español|italiano|en|de|fr|es|it|connexion|se connecter|mon compte|iniciar sesión"
               "|registrarse|entrar"
               "|accedi|registrati|войти|вход|регистрация|zaloguj|logowanie|giriş|üye ol"
               "|ログイン|登录|注册|e-paper|epaper"
               "|log out|logout|join|join now|my profile|s’identifier|s'identifier|s’abonner|s'abonner|shop|jobs"
               "|advertise",
    "legal": "privacy|privacy policy|terms|terms of use|terms of service|terms & conditions|terms and conditions"
             "|imprint"
             "|impressum|datenschutz|datenschutzerklärung|agb|legal|disclaimer|sitemap|site map|cookie policy"
             "|cookies|careers"
             "|about us|about|über uns|mediadaten|advertise|press|accessibility|copyright|mentions légales|contact"
             "|contact us"
             "|kontakt|aviso legal|privacidad|política de privacidad|note legali|conditions générales|back to top"
             "|nach oben|top"
             "|wordpress|advertise with us|terms of sale|nutzungsbedingungen|cookie settings|feedback|rss|rss feed",
    "comments": "reply|antworten|répondre|responder|rispondi|ответить|cancel reply|antworten abbrechen|report"
                "|melden|quote"
                "|like|permalink|cancel comment reply|report abuse|yanıtla|返信|log in to reply|delete|helpful|flag"
                "|zitieren|vote",
    "comment_note": "comments|leave a comment|no comments|0 comments|1 comment|add comment|kommentare|comment"
                    "|add a comment"
                    "|post a comment|комментарии|comentarios|commentaires|kommentieren|2 comments|3 comments",
    "teaser": "read more|more|weiterlesen|mehr|continue reading|learn more|lire la suite|leer más|leggi tutto"
              "|подробнее|читать"
              "|more...|read more...|read more »|weiter|mehr lesen|details|view all|see all|more info|devamı|»|[…]"
              "|[...]|meer",
    "share": "share|tweet|facebook|twitter|whatsapp|pinterest|linkedin|email|e-mail|print|drucken|teilen|xing"
             "|google+|reddit|pin it"
             "|email this|blogthis!|share to twitter|share to facebook|share to pinterest|telegram|twittern|pin"
             "|pocket|tumblr"
             "|digg|stumbleupon|delicious|imprimer|compartir|share on facebook|share on twitter|drucken|flipboard"
             "|merken|vk|line",
    "pager": "next|previous|prev|«|»|›|‹|1|2|3|4|5|6|7|8|9|10|last|first|weiter|zurück|next page|previous page"
             "|older posts"
             "|newer posts|older|newer|suivant|précédent|siguiente|anterior|вперед|назад|next »|« previous|last »"
             "|>|<|>>|<<|next >"
             "|next ›|seguinte|successiva|następna|volgende|older post|newer post|次へ|下一页",
    "trail": "home|startseite|start|accueil|inicio|início|homepage|главная|ana sayfa|anasayfa|strona główna|ホーム|首页"
             "|hem|etusivu",
    "menu": "news|sports|sport|politics|politik|business|wirtschaft|culture|kultur|world|entertainment|video"
            "|videos|blog|forum"
            "|products|produkte|services|opinion|technology|tech|health|lifestyle|life|economy|economía|deportes"
            "|travel|auto"
            "|politique|économie|cultura|music|movies|games|fashion|shop|events|forums|reviews|science|society"
            "|новости|спорт",
}  # fmt: skip
"""Whole anchor texts, lower case, that say what a link is for."""


def _meanings(words: dict[str, str], separator: str | None) -> dict[str, int]:
    signs: dict[str, int] = {}
    for sign, texts in words.items():
        for text in texts.split(separator):
            signs[text] = signs.get(text, 0) | BIT[sign]
    return signs


SIGNS_OF_HREF_PART: Final = _meanings(_HREF_WORDS, None)
SIGNS_OF_REL: Final = _meanings(_RELS, None)
SIGNS_OF_ANCHOR: Final = _meanings(_ANCHOR_PHRASES, "|")
