"use strict";
// Times in the person's own zone, copy buttons, and keys for what the theme made for the mouse only.
(() => {
    const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

    const showTimes = () => {
        for (const time of document.querySelectorAll("time[datetime]:not([data-shown])")) {
            const moment = new Date(time.dateTime);
            if (Number.isNaN(moment.getTime())) continue;
            time.dataset.shown = "";
            time.title = `${format.format(moment)} (${time.title})`;
            if ("local" in time.dataset) time.textContent = format.format(moment);
        }
    };

    const reachByKey = () => {
        for (const element of document.querySelectorAll("a:not([href]), div, span")) {
            if (!element.hasAttribute("x-on:click") || element.hasAttribute("tabindex")) continue;
            if (element.classList.contains("grow") && !element.textContent.trim()) continue; // a backdrop
            element.tabIndex = 0;
            element.setAttribute("role", "button");
        }
    };

    const copy = async (button) => {
        const label = button.textContent;
        try {
            await navigator.clipboard.writeText(button.dataset.copy);
            button.textContent = "copied";
        } catch {
            button.textContent = "select and copy it by hand";
        }
        setTimeout(() => { button.textContent = label; }, 2000);
    };

    document.addEventListener("click", (event) => {
        const button = event.target.closest?.("[data-copy]");
        if (button) copy(button);
    });
    document.addEventListener("keydown", (event) => {
        const element = event.target;
        if ((event.key === "Enter" || event.key === " ") && element.matches?.("[role=button][tabindex]:not(button)")) {
            event.preventDefault();
            element.click();
        }
    });
    document.addEventListener("DOMContentLoaded", () => { showTimes(); reachByKey(); });
    document.addEventListener("htmx:afterSettle", showTimes);
})();
