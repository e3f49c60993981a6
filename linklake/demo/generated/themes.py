"""Templates of sites: in which elements header, menu, content, side column, comments and footer stand."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Theme:
    """The markup around each part of a page; ``{}`` is where the part goes."""

    name: str
    header: str = "<header>{}</header>"
    nav: str = "<nav>{}</nav>"
    main: str = "<main><article>{}</article></main>"
    sidebar: str = "<aside>{}</aside>"
    box: str = "<h3>{title}</h3>{items}"
    comments: str = '<section class="comments"><h2>Comments</h2>{}</section>'
    bio: str = '<div class="author-bio"><p>{}</p></div>'
    ad: str = '<div class="advertisement"><p>Advertisement</p><div class="ad">{}</div></div>'
    footer: str = "<footer>{}</footer>"
    menu_in_header: bool = False
    sidebar_first: bool = False
    has_sidebar: bool = True
    has_breadcrumb: bool = False
    is_canonical: bool = False
    """Pages name themselves as canonical."""
    has_feed: bool = False
    links_absolutely: bool = False
    hides_archives: bool = False
    """Archive pages after the first say noindex."""


THEMES: Final = (
    Theme(
        "hearth",
        header='<header id="masthead" class="site-header">{}</header>',
        nav='<nav id="site-navigation" class="main-navigation">{}</nav>',
        main='<main id="main" class="site-main"><article class="post">{}</article></main>',
        sidebar='<aside id="secondary" class="widget-area">{}</aside>',
        box='<section class="widget"><h2 class="widget-title">{title}</h2>{items}</section>',
        comments='<div id="comments" class="comments-area"><h2>Comments</h2>{}</div>',
        footer='<footer id="colophon" class="site-footer">{}</footer>',
        is_canonical=True,
        has_feed=True,
        links_absolutely=True,
        hides_archives=True,
    ),
    Theme("plain", sidebar='<aside class="sidebar">{}</aside>'),
    Theme(
        "ledger",
        header='<header class="page-header">{}</header>',
        main='<main class="content">{}</main>',
        menu_in_header=True,
        has_sidebar=False,
        is_canonical=True,
    ),
    Theme(
        "columns",
        header='<div id="header" role="banner">{}</div>',
        nav='<div id="menu" role="navigation">{}</div>',
        main='<div id="content" role="main"><div class="post">{}</div></div>',
        sidebar='<div id="sidebar" role="complementary">{}</div>',
        box='<div class="box"><h4>{title}</h4>{items}</div>',
        comments='<div id="comments" class="comments">{}</div>',
        footer='<div id="footer" role="contentinfo">{}</div>',
        sidebar_first=True,
        has_feed=True,
        links_absolutely=True,
    ),
    Theme(
        "gazette",
        header='<header class="masthead">{}</header>',
        nav='<nav class="sections" aria-label="Sections">{}</nav>',
        main='<main><article class="story">{}</article></main>',
        sidebar='<aside class="rail">{}</aside>',
        comments='<section id="discussion" class="comments">{}</section>',
        footer='<footer class="page-footer">{}</footer>',
        has_breadcrumb=True,
        is_canonical=True,
        has_feed=True,
    ),
    Theme(
        "counter",
        nav='<nav class="navbar">{}</nav>',
        main='<main class="container"><section>{}</section></main>',
        menu_in_header=True,
        has_sidebar=False,
        has_breadcrumb=True,
        hides_archives=True,
    ),
    Theme(
        "manual",
        main='<main><article class="doc">{}</article></main>',
        sidebar='<aside class="sidebar">{}</aside>',
        footer='<footer class="doc-footer">{}</footer>',
        sidebar_first=True,
        has_breadcrumb=True,
    ),
)
"""The commonest first."""
