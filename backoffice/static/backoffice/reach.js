"use strict";
// What the theme made for the mouse and the eye only, for the keyboard and the ear: names instead of drawn icons, keys for
// what is clicked, a focus that goes into what opens and comes back from what closes, and "/" for the search.
(() => {
    const word = (name) => document.getElementById("words").getAttribute(`data-${name}`) ?? "";
    const CONTROL = "a, button, [role=button], label, summary";
    // What opens over the page, and what in it closes it.
    const OVERLAYS = [
        { find: () => document.getElementById("changelist-filter"), name: "filters", close: "#changelist-filter-close" },
        { find: () => document.getElementById("nav-sidebar")?.parentElement.closest(".fixed"), name: "menu", close: "[data-icon=close]" },
        { find: () => document.getElementById("logout-form")?.closest("[x-show]"), name: "account", close: null },
    ];
    const REACHED = "a[href], button:not(:disabled), input:not([type=hidden]):not(:disabled), select:not(:disabled), textarea:not(:disabled), [tabindex='0']";
    const TYPED_INTO = "input:not([type=checkbox], [type=radio], [type=submit], [type=button]), textarea, select, [contenteditable]";

    const isShown = (element) => Boolean(element?.getClientRects().length) && getComputedStyle(element).visibility !== "hidden";

    const reachByKey = () => {
        for (const element of document.querySelectorAll("a:not([href]), div, span, td")) {
            if (!element.hasAttribute("x-on:click") || element.hasAttribute("tabindex")) continue;
            if (element.classList.contains("grow") && !element.textContent.trim()) continue; // a backdrop
            element.tabIndex = 0;
            element.setAttribute("role", "button");
        }
    };

    const wordsOf = (control) => {
        const copy = control.cloneNode(true);
        for (const icon of copy.querySelectorAll(".material-symbols-outlined")) icon.remove();
        return copy.textContent.trim();
    };

    const nameIcons = () => {
        for (const icon of document.querySelectorAll(".material-symbols-outlined:not([data-icon])")) {
            icon.dataset.icon = icon.textContent.trim();
            // What the icon alone says. Its ligature ("more_horiz") is what would be read aloud.
            const name = word(`icon-${icon.dataset.icon}`);
            if (icon.matches(CONTROL)) {
                icon.setAttribute("aria-label", name || icon.dataset.icon.replaceAll("_", " "));
                continue;
            }
            icon.setAttribute("aria-hidden", "true");
            const control = icon.closest(CONTROL);
            if (!control || control.hasAttribute("aria-label") || wordsOf(control)) continue;
            control.setAttribute("aria-label", control.title || name || icon.dataset.icon.replaceAll("_", " "));
        }
    };

    // A box that scrolls and has nothing in it to go to is gone to itself; and no longer where all of it is seen.
    const reachScrolled = () => {
        for (const box of document.querySelectorAll(".bo-scroll, .bo-payload, .simplebar-content-wrapper")) {
            const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
            if (scrolls && !box.hasAttribute("tabindex")) {
                box.tabIndex = 0;
                box.dataset.scrolls = "";
                if (!box.hasAttribute("aria-label")) {
                    box.setAttribute("role", "region");
                    box.setAttribute("aria-label", box.closest("section")?.querySelector("h2")?.textContent.trim() || word("scrollable"));
                }
            } else if (!scrolls && "scrolls" in box.dataset) {
                box.removeAttribute("tabindex");
                delete box.dataset.scrolls;
            }
        }
    };

    const reachedIn = (box) => [...box.querySelectorAll(REACHED)].filter(isShown);

    const watch = ({ find, name, close }) => {
        const box = find();
        if (!box) return;
        const stays = () => getComputedStyle(box).position !== "fixed" && getComputedStyle(box).position !== "absolute";
        let opener = null;
        let isOpen = false;

        const opened = () => {
            opener = document.activeElement;
            opener?.setAttribute?.("aria-expanded", "true");
            box.setAttribute("role", "dialog");
            box.setAttribute("aria-label", word(name));
            setTimeout(() => { if (isOpen && !box.contains(document.activeElement)) reachedIn(box)[0]?.focus(); }, 50);
        };
        const closed = () => {
            box.removeAttribute("role");
            if (opener?.getAttribute?.("aria-expanded")) opener.setAttribute("aria-expanded", "false");
            const left = document.activeElement;
            if (left === document.body || box.contains(left)) opener?.focus();
            opener = null;
        };
        const look = () => {
            const isNow = isShown(box) && !stays();
            if (isNow === isOpen) return;
            isOpen = isNow;
            if (isOpen) opened(); else closed();
        };
        new MutationObserver(look).observe(box, { attributes: true, attributeFilter: ["style", "class"] });
        window.addEventListener("resize", look);

        document.addEventListener("keydown", (event) => {
            if (!isOpen) return;
            if (event.key === "Escape") {
                if (close) box.querySelector(close)?.click(); else document.body.click(); // "outside" of it
            }
            if (event.key !== "Tab") return;
            const reached = reachedIn(box);
            const [first, last] = [reached[0], reached.at(-1)];
            const isAtEnd = !box.contains(document.activeElement) || document.activeElement === (event.shiftKey ? first : last);
            if (!isAtEnd || !first) return;
            event.preventDefault();
            (event.shiftKey ? last : first).focus();
        }, true);
        look(); // whoever is quick has opened it by now
    };

    const searchBySlash = (event) => {
        if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
        if (event.target.matches?.(TYPED_INTO) || document.querySelector("[data-scan], dialog[open]")) return;
        event.preventDefault();
        const field = [...document.querySelectorAll("#searchbar, main [type=search]")].find(isShown);
        if (field) field.focus(); else window.dispatchEvent(new CustomEvent("opencommand"));
    };

    // A part that is put in anew gives the focus back to the control that had it, or to its first where that one is gone.
    let held = null;
    const alike = (box, name) => reachedIn(box).filter((control) => nameOf(control) === name);
    const nameOf = (control) => [control.tagName, control.getAttribute("href"), control.textContent.trim()].join("|");
    const holdFocus = ({ target }) => {
        const control = document.activeElement;
        const isInPart = target.id && target.id !== "record" && control !== target && target.contains(control);
        if (!isInPart || control.id || control.matches(TYPED_INTO)) return; // a record follows by a script of its own, htmx keeps what has an id
        const name = nameOf(control);
        held = { part: target.id, name, place: alike(target, name).indexOf(control) };
    };
    const giveFocusBack = () => {
        const part = held && document.getElementById(held.part);
        if (part && document.activeElement === document.body) {
            (alike(part, held.name)[held.place] ?? reachedIn(part)[0])?.focus({ preventScroll: true });
        }
        held = null;
    };

    document.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.shouldSwap) holdFocus(event.detail); });
    document.addEventListener("htmx:afterSettle", giveFocusBack);
    document.addEventListener("keydown", searchBySlash);
    document.addEventListener("keydown", (event) => {
        const element = event.target;
        if ((event.key === "Enter" || event.key === " ") && element.matches?.("[role=button][tabindex]:not(button)")) {
            event.preventDefault();
            element.click();
        }
    });

    const reach = () => {
        reachByKey();
        nameIcons();
        reachScrolled();
    };
    document.addEventListener("DOMContentLoaded", reach);
    window.addEventListener("load", () => setTimeout(() => {
        reach(); // the theme's own scripts have drawn by now
        for (const hint of document.querySelectorAll("span.help-tooltip[aria-label]:not([role])")) hint.setAttribute("role", "img");
        OVERLAYS.forEach(watch);
    }));
    window.addEventListener("resize", reachScrolled);
    document.addEventListener("htmx:afterSettle", reach);
})();
