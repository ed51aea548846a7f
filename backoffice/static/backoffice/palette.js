"use strict";
// The command palette, on Unfold's: Enter opens what is marked, which is the first as soon as something was found, and
// before that the search page; what was found for an older text is never opened. Escape closes and gives the focus back.
const palette = () => ({
    ...searchCommand(),
    isFresh: false, // what is shown was found for what is typed
    cameFrom: null,

    handleOpen() {
        if (this.openCommandResults) return;
        this.cameFrom = document.activeElement;
        this.openCommandResults = true;
        this.toggleBodyOverflow();
        this.$nextTick(() => this.$refs.searchInputCommand.focus());
    },

    close() {
        if (!this.openCommandResults) return;
        this.openCommandResults = false;
        this.toggleBodyOverflow();
        this.$refs.searchInputCommand.value = "";
        this.el.replaceChildren();
        document.getElementById("command-results-note")?.replaceChildren();
        this.items = undefined;
        this.totalItems = this.currentIndex = 0;
        this.hasResults = this.isFresh = false;
        this.cameFrom?.focus?.({ preventScroll: true });
    },

    handleOutsideClick() {
        this.close();
    },

    handleFocusOut(event) {
        if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) {
            this.cameFrom = null; // the focus has gone on by itself
            this.close();
        }
    },

    handleTyped() {
        this.isFresh = false;
        this.currentIndex = 0;
    },

    handleFound(event) {
        this.handleContentLoaded(event);
        this.isFresh = true;
        this.currentIndex = this.hasResults ? 1 : 0;
    },

    open(isNewTab) {
        const term = this.$refs.searchInputCommand.value.trim();
        if (this.isFresh && this.currentIndex > 0) this.selectItem(false, isNewTab);
        else if (term) window.location = `${this.$refs.searchInputCommand.dataset.search}?q=${encodeURIComponent(term)}`;
    },
});
