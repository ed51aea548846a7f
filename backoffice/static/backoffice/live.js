"use strict";
// The page of a record that is open follows it. What changed is put in; nothing that a person has begun is disturbed.
(() => {
    const TOLD_MS = 15_000; // "Updated just now" is true so long
    const SENDING_MS = 60_000; // a form that was sent has brought its next page by then, or never will

    const record = () => document.getElementById("record");
    let isSending = false;
    let before = null; // of the swap under way

    const isTyped = (field) => {
        if (field.type === "hidden") return false;
        if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
        if (field.options) {
            const preset = [...field.options].some((option) => option.defaultSelected);
            return [...field.options].some((option, n) => option.selected !== (preset ? option.defaultSelected : n === 0 && !field.multiple));
        }
        return "defaultValue" in field && field.value !== field.defaultValue;
    };

    const isInUse = () => {
        const page = record();
        const selection = document.getSelection();
        return document.hidden || isSending
            || Boolean(page?.contains(document.activeElement) && document.activeElement.matches("input, select, textarea"))
            || Boolean(selection && !selection.isCollapsed && page?.contains(selection.anchorNode))
            || [...(page?.querySelectorAll("input, select, textarea") ?? [])].some(isTyped);
    };

    // What a new copy of an element has in common with the old one.
    const nameOf = (element) => [element.tagName, element.id, element.getAttribute("href"), element.textContent.trim()].join("|");
    const detailsName = (details) => details.id || details.querySelector("summary")?.textContent.trim();

    const keep = () => {
        const page = record();
        const focused = page.contains(document.activeElement) ? document.activeElement : null;
        before = {
            title: page.dataset.title,
            focused: focused && nameOf(focused),
            details: new Map([...page.querySelectorAll("details")].map((details) => [detailsName(details), details.open])),
            scrolled: [...page.querySelectorAll(".bo-scroll, .bo-payload")].map((box) => [box.scrollLeft, box.scrollTop]),
        };
    };

    const restore = () => {
        const page = record();
        for (const details of page.querySelectorAll("details")) {
            const isOpen = before.details.get(detailsName(details));
            if (isOpen !== undefined) details.open = isOpen;
        }
        [...page.querySelectorAll(".bo-scroll, .bo-payload")].forEach((box, n) => {
            [box.scrollLeft, box.scrollTop] = before.scrolled[n] ?? [0, 0];
        });
        const focused = before.focused && [...page.querySelectorAll("a, button, summary, [tabindex]")].find((element) => nameOf(element) === before.focused);
        focused?.focus({ preventScroll: true });
        if (page.dataset.title !== before.title) {
            document.title = document.title.replace(before.title, page.dataset.title);
            for (const heading of document.querySelectorAll("h1, h1 *")) {
                if (heading.childElementCount === 0 && heading.textContent.trim() === before.title) heading.textContent = page.dataset.title;
            }
        }
        before = null;
    };

    const tell = () => {
        const told = record().querySelector(".bo-live");
        if (!told) return;
        told.textContent = document.getElementById("words").dataset.updated;
        setTimeout(() => { told.textContent = ""; }, TOLD_MS);
    };

    const asks = (element) => Boolean(element?.classList?.contains("bo-live"));

    document.addEventListener("submit", (event) => {
        setTimeout(() => {
            if (event.defaultPrevented) return;
            isSending = true;
            setTimeout(() => { isSending = false; }, SENDING_MS);
        });
    });
    window.addEventListener("pageshow", () => { isSending = false; });
    document.addEventListener("htmx:beforeRequest", (event) => {
        if (asks(event.detail.elt) && isInUse()) event.preventDefault();
    });
    document.addEventListener("htmx:beforeSwap", (event) => {
        if (!asks(event.detail.requestConfig?.elt)) return;
        // An answer that is no record, as of a proxy in between, must not take its place.
        event.detail.shouldSwap = event.detail.shouldSwap && !isInUse() && event.detail.serverResponse.includes('id="record"');
        if (event.detail.shouldSwap) keep();
    });
    document.addEventListener("htmx:afterSettle", () => {
        if (before === null) return;
        restore();
        tell();
    });
})();
