"use strict";
// The page is printed by its own button, too.
document.addEventListener("click", (event) => { if (event.target.closest?.("[data-print]")) window.print(); });
