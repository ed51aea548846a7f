"use strict";
// Setup links: a pasted one never leaves the search box, a lifetime shows its end, and a revealed one is wiped on leaving.
(() => {
    const MARK = "…";
    // Sentences stand in the page, in the language of its reader, with places for what is known only here.
    const words = () => document.getElementById("words").dataset;
    const said = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);

    // The rules of customers/pasted.py.
    const isToken = (part) => part.length >= 16 && /^[A-Za-z0-9_~.-]+$/.test(part) && /[A-Za-z]/.test(part) && /[0-9]/.test(part)
        && !/^([a-z]{2,8}_[0-9A-Z]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$/.test(part);
    const shortened = (word) => {
        const plain = word.replace(/^["'<>()[\]{},;:!?.]+|["'<>()[\]{},;:!?.]+$/g, "");
        let token = "";
        if (/[/=]/.test(plain)) {
            const parts = plain.replace(/^.*?:\/\//, "").split(/[/?#&=]/).slice(1).filter(isToken);
            token = parts.reduce((longest, part) => (part.length > longest.length ? part : longest), "");
        } else if (plain.length >= 20 && /[a-z]/.test(plain) && /[A-Z]/.test(plain) && /[0-9]/.test(plain) && isToken(plain)) {
            token = plain;
        }
        return token ? MARK + token.slice(-4) : word;
    };
    const shorten = (text) => text.replace(/\S+/g, shortened);

    const say = (field, used) => {
        const row = field.name === "q" ? document.querySelector(".bo-tools") : field.parentElement;
        let note = document.querySelector(`[data-pasted="${field.name}"]`);
        if (!note) {
            note = document.createElement("p");
            note.dataset.pasted = field.name;
            note.className = "bo-notice bo-info bo-pasted";
            note.setAttribute("role", "status");
            (row ?? field).after(note);
        }
        note.textContent = said(words().pasted, { used });
    };

    const SEARCH = "input[name=q], input[name=s]";
    document.addEventListener("input", (event) => {
        const field = event.target;
        if (!field.matches?.(SEARCH)) return;
        const used = shorten(field.value);
        if (used === field.value) return;
        field.value = used;
        say(field, used);
        if (field.name === "q") sessionStorage.setItem("bo-pasted", used);
    }, true);

    const tellAfterSearch = () => {
        const used = sessionStorage.getItem("bo-pasted");
        const field = document.querySelector("input[name=q]");
        if (!used || !field || field.value !== used) return;
        sessionStorage.removeItem("bo-pasted");
        say(field, used);
    };

    const { lang } = document.documentElement; // as backoffice.js writes times
    const locales = [...navigator.languages.filter((locale) => locale.split("-")[0] === lang), lang].filter(Boolean);
    const local = new Intl.DateTimeFormat(locales, { dateStyle: "medium", timeStyle: "short" });
    const both = (moment) => {
        const utc = `${moment.toISOString().slice(0, 16).replace("T", " ")} UTC`;
        return said(words().both, { mine: local.format(moment), utc });
    };
    const showEnds = () => {
        const group = document.querySelector("[data-lifetime]");
        if (!group) return;
        const after = (hours) => new Date(Date.now() + hours * 3600_000);
        for (const label of group.querySelectorAll("label:has(input[type=radio])")) {
            const time = label.querySelector("time");
            if (time) time.textContent = both(after(Number(label.querySelector("input").value)));
        }
        const chosen = group.querySelector("input[name=lifetime]:checked")?.value;
        const own = group.querySelector("input[name=hours]");
        own.closest(".bo-own-hours").hidden = chosen !== "own";
        const hours = Number(chosen === "own" ? own.value : chosen);
        const ends = group.querySelector("[data-ends]");
        const isLifetime = hours >= 1 && hours <= 720 && Number.isInteger(hours);
        const text = isLifetime ? said(group.dataset.willEnd, { moment: both(after(hours)) }) : "";
        ends.hidden = !text;
        if (ends.textContent !== text) ends.textContent = text;
    };

    document.addEventListener("DOMContentLoaded", () => {
        tellAfterSearch();
        showEnds();
        const group = document.querySelector("[data-lifetime]");
        if (!group) return;
        group.addEventListener("input", showEnds);
        setInterval(showEnds, 20_000);
    });
    // Whatever a browser keeps of a page that was left, it is not the link.
    window.addEventListener("pagehide", () => { for (const part of document.querySelectorAll("[data-secret]")) part.remove(); });
})();
