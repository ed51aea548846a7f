"use strict";
// The queue from the keyboard: j and k (or the arrows) walk through the pairs, c, r and u press the buttons that are there.
// The place in the list is kept over the page that follows, so the next pair is at hand at once.
(() => {
    const PLACE = "identity-place";
    const pairs = () => [...document.querySelectorAll(".id-pair")];
    const place = () => pairs().findIndex((pair) => pair.contains(document.activeElement));

    const goTo = (index) => {
        const all = pairs();
        const pair = all[Math.min(Math.max(index, 0), all.length - 1)];
        pair?.focus({ preventScroll: true });
        pair?.scrollIntoView({ block: "nearest" });
    };

    const press = (button, index) => {
        if (!button) return;
        sessionStorage.setItem(PLACE, String(Math.max(index, 0)));
        button.form.requestSubmit(button);
    };

    document.addEventListener("keydown", (event) => {
        const isTyping = event.target.closest("input:not([type=hidden]), select, textarea, [contenteditable], [role=dialog]");
        if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
        const index = place();
        const steps = { j: index + 1, ArrowDown: index + 1, k: index - 1, ArrowUp: index - 1 };
        if (event.key in steps) {
            event.preventDefault();
            goTo(steps[event.key]);
        } else if (event.repeat) {
            return; // a key that is held down decides once
        } else if (event.key === "u") {
            event.preventDefault();
            press(document.querySelector("[data-key=u]"), index);
        } else if ((event.key === "c" || event.key === "r") && index >= 0) {
            event.preventDefault();
            press(pairs()[index].querySelector(`[data-key=${event.key}]`), index);
        }
    });

    const kept = sessionStorage.getItem(PLACE);
    sessionStorage.removeItem(PLACE);
    if (kept !== null) goTo(Number(kept));
})();
