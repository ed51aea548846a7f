"use strict";
// A station where goods are scanned (pick, pack). Scans are sent one after another, each is answered by sight and sound,
// and the scan field has the focus whenever nothing else is being filled in. Without this script the forms are plain.
// What it says stands on the station, in the language of the page.
(() => {
    const POLL_MS = 4_000;
    const VERSION = "X-Record-Version";
    const SOUNDS = { success: [[880, 0.09]], info: [[620, 0.06], [620, 0.06]], warning: [[330, 0.35]], error: [[220, 0.2], [150, 0.45]] };
    const STOPS = new Set(["error", "warning"]);

    const station = () => document.getElementById("station");
    const scanField = () => station()?.querySelector("[data-scan]");
    const openDialog = () => document.querySelector("dialog[open]");
    const waiting = [];
    let isBusy = false;
    let audio = null;

    const play = (level) => {
        audio ??= new AudioContext();
        let at = audio.currentTime;
        for (const [pitch, seconds] of SOUNDS[level] ?? []) {
            const tone = audio.createOscillator();
            const loud = audio.createGain();
            tone.type = STOPS.has(level) ? "square" : "sine";
            tone.frequency.value = pitch;
            loud.gain.value = 0.15;
            tone.connect(loud).connect(audio.destination);
            tone.start(at);
            tone.stop(at + seconds);
            at += seconds + 0.03;
        }
        if (STOPS.has(level)) navigator.vibrate?.([120, 60, 240]);
    };

    const focusScan = () => {
        if (!openDialog()) scanField()?.focus({ preventScroll: true });
    };

    const say = (sentence) => {
        const told = station().querySelector("[data-told]");
        const line = document.createElement("p");
        line.className = "bo-notice bo-bad";
        line.setAttribute("role", "alert");
        line.textContent = sentence;
        told.replaceChildren(line);
    };

    // The station as the answer shows it; null where nothing is new or the page loads itself anew.
    const ask = async (url, options = {}) => {
        const answer = await fetch(url, { ...options, headers: { "HX-Request": "true", ...options.headers } });
        if (answer.headers.has("HX-Refresh")) location.reload();
        if (answer.status === 204) return null;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const part = page.getElementById("station");
        if (!answer.ok || part === null) throw new Error(`answered ${answer.status}`);
        return part;
    };

    const put = (part) => {
        const typed = scanField()?.value ?? "";
        const hadFocus = document.activeElement === scanField() || document.activeElement === document.body;
        station().replaceWith(document.adoptNode(part));
        window.htmx.process(station());
        window.htmx.trigger(station(), "htmx:afterSettle");
        if (scanField()) scanField().value = typed;
        if (hadFocus || !station().contains(document.activeElement)) focusScan();
    };

    const sendNext = async () => {
        const form = station().querySelector("form[data-scan-form]");
        const data = new FormData(form);
        data.set("scan", waiting[0]);
        data.set("do", "scan");
        const part = await ask(form.action, { method: "POST", body: data });
        waiting.shift();
        if (part === null) return;
        put(part);
        const level = station().querySelector("[data-level]")?.dataset.level;
        play(level);
        if (STOPS.has(level) && waiting.length > 0) {
            const line = document.createElement("p");
            const told = waiting.length === 1 ? station().dataset.oneCut : station().dataset.cut;
            line.textContent = told.replace("{count}", waiting.length);
            station().querySelector("[data-level]").append(line);
            waiting.length = 0;
        }
    };

    const send = async () => {
        if (isBusy) return;
        isBusy = true;
        station().setAttribute("aria-busy", "true");
        try {
            while (waiting.length > 0 && station().querySelector("form[data-scan-form]")) await sendNext();
        } catch {
            // The same form once more is the same submission, so what was sent already is not sent twice.
            if (scanField()) scanField().value = waiting[0];
            say(station().dataset.silent);
            play("error");
        } finally {
            waiting.length = 0;
            isBusy = false;
            station().removeAttribute("aria-busy");
            focusScan();
        }
    };

    const follow = async () => {
        const shown = station()?.dataset.version;
        if (!shown || isBusy || document.hidden || openDialog()) return;
        isBusy = true;
        try {
            const part = await ask(station().dataset.url, { headers: { [VERSION]: shown } });
            if (part === null || openDialog()) return;
            // What the last scan was answered with stays until the next scan.
            part.querySelector("[data-told]").replaceChildren(...station().querySelector("[data-told]").childNodes);
            const now = station().querySelector("[data-now]").dataset.now;
            part.querySelector("[data-now]").dataset.now = now;
            put(part);
        } catch { /* the next round asks again; a scan tells when the server is gone */
        } finally {
            isBusy = false;
            if (waiting.length > 0) send();
        }
    };

    document.addEventListener("submit", (event) => {
        const go = event.submitter;
        if (!event.target.matches("form[data-scan-form]") || (go && !go.hasAttribute("data-scan-go"))) return;
        event.preventDefault();
        const field = scanField();
        if (!field.value.trim()) return;
        audio ??= new AudioContext();
        waiting.push(field.value);
        field.value = "";
        send();
    });
    document.addEventListener("click", (event) => {
        const opener = event.target.closest?.("[data-dialog]");
        if (opener) {
            event.preventDefault();
            document.getElementById(opener.dataset.dialog).showModal();
        }
        const dialog = event.target.closest?.("[data-close]")?.closest("dialog");
        if (dialog) {
            event.preventDefault();
            dialog.close();
        }
        setTimeout(() => { if (document.activeElement === document.body) focusScan(); });
    });
    document.addEventListener("close", focusScan, true);
    // A scanner types wherever the focus is: what it types belongs into the scan field, and its Enter to no button.
    document.addEventListener("keydown", (event) => {
        const isTyping = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
        if (isTyping && !event.target.matches?.("input:not([type=checkbox], [type=radio]), select, textarea")) focusScan();
    });
    window.addEventListener("pageshow", focusScan);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) focusScan(); });
    document.addEventListener("DOMContentLoaded", () => { setTimeout(focusScan); setInterval(follow, POLL_MS); });
})();
