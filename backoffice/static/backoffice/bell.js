"use strict";
// The bell: its panel opens in place, by mouse or key, closes by Escape or elsewhere; a page that nobody sees asks nothing.
(() => {
    const link = () => document.getElementById("bell-link");
    const panel = () => document.getElementById("bell-panel");

    const close = (givesFocusBack) => {
        if (!panel() || panel().hidden) return;
        panel().hidden = true;
        link().setAttribute("aria-expanded", "false");
        if (givesFocusBack) link().focus();
    };

    const open = async () => {
        await htmx.ajax("GET", link().dataset.panel, { target: "#bell-panel", swap: "innerHTML" });
        panel().hidden = false;
        link().setAttribute("aria-expanded", "true");
        panel().focus();
    };

    document.addEventListener("DOMContentLoaded", () => {
        if (!link()) return;
        link().setAttribute("role", "button");
        link().setAttribute("aria-controls", "bell-panel");
        link().setAttribute("aria-expanded", "false");
    });
    document.addEventListener("click", (event) => {
        const isBell = event.target.closest?.("#bell-link");
        if (isBell && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
            event.preventDefault();
            if (panel().hidden) open(); else close(true);
        } else if (!event.target.closest?.("#bell")) {
            close(false);
        }
    });
    document.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && panel()?.contains(document.activeElement)) close(true);
        else if (event.key === "Escape") close(document.activeElement === link());
        else if (event.key === " " && event.target === link()) {
            event.preventDefault();
            link().click();
        }
    });
    document.addEventListener("focusin", (event) => {
        if (!event.target.closest?.("#bell")) close(false);
    });
    document.addEventListener("htmx:beforeRequest", (event) => {
        if (event.detail.elt?.id === "bell-count" && document.hidden) event.preventDefault();
    });
    document.addEventListener("htmx:afterSettle", (event) => {
        // What had the focus was replaced: it stays in the panel.
        if (event.detail.target?.id === "bell-panel" && !panel().hidden && document.activeElement === document.body) panel().focus();
    });
})();
