"use strict";
// The columns of a list open in place: Escape and a click elsewhere close them.
(() => {
    const opened = () => document.querySelector(".bo-columns[open]");

    document.addEventListener("keydown", (event) => {
        const details = event.key === "Escape" && opened();
        if (!details) return;
        details.open = false;
        if (details.contains(document.activeElement)) details.querySelector("summary").focus();
    });
    document.addEventListener("click", (event) => {
        const details = opened();
        if (details && !details.contains(event.target)) details.open = false;
    });
})();
