"use strict";
// Times in the person's own zone, copy buttons, and forms that are sent once.
(() => {
    const words = () => document.getElementById("words").dataset;
    // As the person writes times in the page's language, where the browser knows that.
    const { lang } = document.documentElement;
    const locales = [...navigator.languages.filter((locale) => locale.split("-")[0] === lang), lang].filter(Boolean);
    const format = new Intl.DateTimeFormat(locales, { dateStyle: "medium", timeStyle: "medium" });
    const short = new Intl.DateTimeFormat(locales, { dateStyle: "medium", timeStyle: "short" });

    const showTimes = () => {
        for (const time of document.querySelectorAll("time[datetime]:not([data-shown])")) {
            const moment = new Date(time.dateTime);
            if (Number.isNaN(moment.getTime())) continue;
            time.dataset.shown = "";
            time.title = `${format.format(moment)} (${time.title || time.textContent})`;
            if ("local" in time.dataset) time.textContent = format.format(moment);
            if ("both" in time.dataset) time.textContent = words().both.replace("{mine}", short.format(moment)).replace("{utc}", time.textContent);
        }
    };

    const copy = async (button) => {
        const field = document.getElementById(button.dataset.copyFrom); // or the value stands in the button
        button.dataset.label ??= button.textContent;
        try {
            await navigator.clipboard.writeText(field ? field.value : button.dataset.copy);
            button.textContent = words().copied;
        } catch {
            field?.select();
            button.textContent = words().notCopied;
        }
        setTimeout(() => { button.textContent = button.dataset.label; }, 2000);
    };

    // Back to a form that was sent, and the same content sent once more, is the same submission: it has the same id.
    const [arrival] = performance.getEntriesByType("navigation");
    const left = arrival?.type === "back_forward" ? history.state?.sent : undefined;

    const printOf = (form) => {
        let print = 0;
        for (const [name, value] of new FormData(form)) {
            if (name === "csrfmiddlewaretoken" || name === "write_id") continue;
            for (const letter of `${name}=${value};`) print = (Math.imul(print, 31) + letter.codePointAt(0)) | 0;
        }
        return print;
    };

    const keepWriteId = (form) => {
        const field = form.elements.namedItem("write_id");
        if (!field) return;
        const sent = { id: field.value, print: printOf(form) };
        if (left?.print === sent.print) field.value = sent.id = left.id;
        history.replaceState({ ...history.state, sent }, "");
    };

    // A form is sent once: a second click finds its buttons off. Their values go along, as they are read before.
    const turnOff = (form) => {
        for (const button of form.querySelectorAll("button[type=submit]:not(:disabled)")) {
            button.disabled = true;
            button.dataset.sent = "";
        }
    };

    const turnOn = () => {
        for (const button of document.querySelectorAll("button[data-sent]")) {
            button.disabled = false;
            delete button.dataset.sent;
        }
    };

    const resubmit = () => {
        for (const form of document.querySelectorAll("form[data-resubmit-s]")) {
            setTimeout(() => form.requestSubmit(), Number(form.dataset.resubmitS) * 1000);
        }
    };

    // Rows of a form are added and removed here; without a script its buttons have the server do it.
    const addRow = (form) => {
        const rows = form.querySelector("[data-rows]");
        rows.append(form.querySelector("template[data-row]").content.cloneNode(true));
        rows.lastElementChild.querySelector("input").focus();
    };

    const removeRow = (row) => {
        const next = row.nextElementSibling ?? row.previousElementSibling;
        const form = row.closest("form");
        row.remove();
        (next?.querySelector("[data-remove-row]") ?? form.querySelector("[data-add-row]")).focus();
    };

    document.addEventListener("submit", (event) => {
        const form = event.target;
        if (form.method !== "post" || !form.closest(".bo-page")) return;
        keepWriteId(form);
        setTimeout(() => { if (!event.defaultPrevented) turnOff(form); });
    });
    window.addEventListener("pageshow", (event) => { if (event.persisted) turnOn(); });
    document.addEventListener("click", (event) => {
        const button = event.target.closest?.("[data-copy], [data-copy-from]");
        if (button) copy(button);
        const adds = event.target.closest?.("[data-add-row]");
        const removes = event.target.closest?.("[data-remove-row]");
        if (adds || removes) event.preventDefault();
        if (adds) addRow(adds.form);
        if (removes) removeRow(removes.closest(".bo-row"));
    });
    document.addEventListener("DOMContentLoaded", () => {
        showTimes();
        resubmit();
        const wrong = document.querySelector("main :is(input, select, textarea)[aria-invalid='true']:not([type=hidden])");
        (wrong ?? document.querySelector(".bo-page [autofocus]"))?.focus(); // the page was hidden when the browser wanted to
    });
    document.addEventListener("htmx:afterSettle", showTimes);
})();
