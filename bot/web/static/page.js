// Gets a session, and shows the part of the page that is at the address of the window.
"use strict";
(() => {
  const SESSION = "session";
  const THEME = "theme";
  const page = document.getElementById("page");
  // The only place where text becomes HTML: what this server has rendered.
  const policy = window.trustedTypes
    ? window.trustedTypes.createPolicy("page", { createHTML: (html) => html })
    : { createHTML: (html) => html };
  // A browser may keep frames from storing anything: there a session lasts until a reload.
  const store = (() => {
    try {
      return window.sessionStorage;
    } catch {
      const kept = new Map();
      return {
        getItem: (name) => kept.get(name) ?? null,
        setItem: (name, value) => kept.set(name, value),
        removeItem: (name) => kept.delete(name),
      };
    }
  })();
  let loading = new AbortController();

  const session = () => store.getItem(SESSION);
  const here = () => location.pathname + location.search;

  function show(kind) {
    page.replaceChildren();
    page.setAttribute("aria-busy", "false");
    for (const each of document.querySelectorAll("#sentences > [data-kind]")) {
      each.hidden = each.dataset.kind !== kind;
    }
  }

  async function ask(path, options = {}) {
    const headers = { Authorization: `Bearer ${session()}`, ...options.headers };
    return fetch(path, { ...options, headers, cache: "no-store", credentials: "omit" });
  }

  // What logs in: the token of a link, or what Telegram has signed.
  function given() {
    const fragment = new URLSearchParams(location.hash.slice(1));
    if (fragment.has("tgWebAppThemeParams")) keepTheme(fragment.get("tgWebAppThemeParams"));
    if (fragment.has("link")) return { link: fragment.get("link") };
    return fragment.has("tgWebAppData") ? { init_data: fragment.get("tgWebAppData") } : null;
  }

  // It leaves the address, and with it the history, before it is spent.
  async function logIn(body) {
    if (!body) return session() ? null : "session";
    history.replaceState(null, "", here());
    const answer = await ask("/session", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (answer.ok) {
      store.setItem(SESSION, (await answer.json()).session);
      return null;
    }
    return { 401: body.link ? "link" : "session", 429: "limit" }[answer.status] || "failed";
  }

  // Telegram says which colours its own theme has: dark or light follows from the background.
  function keepTheme(text) {
    try {
      const green = parseInt(JSON.parse(text).bg_color.slice(3, 5), 16);
      store.setItem(THEME, green < 128 ? "dark" : "light");
    } catch {
      // The theme of the browser then.
    }
  }

  async function load({ scroll = 0, path = `/view${here()}`, ...options } = {}) {
    loading.abort();
    loading = new AbortController();
    const { signal } = loading;
    page.setAttribute("aria-busy", "true");
    try {
      const answer = await ask(path, { ...options, signal });
      if (answer.status === 401) {
        store.removeItem(SESSION);
        show("session");
      } else if (answer.headers.get("Content-Type")?.startsWith("text/html")) {
        const parsed = new DOMParser().parseFromString(
          policy.createHTML(await answer.text()), "text/html");
        show(null);
        page.replaceChildren(...parsed.body.children);
        const title = page.querySelector("[data-title]");
        if (title) document.title = title.dataset.title;
        window.scrollTo(0, scroll);
      } else {
        show("failed");
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      show("offline");
    }
    page.setAttribute("aria-busy", "false");
  }

  function go(address) {
    history.replaceState({ scroll: window.scrollY }, "");
    history.pushState({ scroll: 0 }, "", address);
    load();
  }

  // A file needs the header, too, so that a link alone does not do.
  async function download(link) {
    const answer = await ask(link.href);
    if (!answer.ok) return load();
    const file = document.createElement("a");
    file.href = URL.createObjectURL(await answer.blob());
    file.download = link.download;
    file.click();
    setTimeout(() => URL.revokeObjectURL(file.href), 60_000);
    return null;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.defaultPrevented || event.button) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (link.origin !== location.origin || link.target) return;
    if (link.hash && link.pathname + link.search === here()) return;
    event.preventDefault();
    if (link.hasAttribute("download")) download(link).catch(() => show("offline"));
    else go(link.href);
  });

  // A form of filters: what is chosen goes into the address.
  function submit(form) {
    const chosen = [...new FormData(form)].filter(([, value]) => value !== "");
    const query = new URLSearchParams(chosen).toString();
    go(new URL(form.action).pathname + (query && `?${query}`));
  }
  // A form that changes something: its answer takes the place of the view.
  function post(form) {
    for (const each of form.querySelectorAll("button")) each.disabled = true;
    return load({
      path: new URL(form.action).pathname,
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(Object.fromEntries(new FormData(form))),
    });
  }
  document.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.target.method === "post") post(event.target);
    else submit(event.target);
  });
  document.addEventListener("change", (event) => {
    if (event.target.form?.hasAttribute("data-at-once")) submit(event.target.form);
  });

  // An element with data-key is clicked by that key.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, select, textarea")) return;
    page.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click();
  });

  // A column of a chart is read below it; the arrow keys lead from one to the next.
  function read(event) {
    const bar = event.target.closest?.(".bar");
    const place = bar?.closest("figure").querySelector(".reading");
    if (place) place.textContent = bar.getAttribute("aria-label");
  }
  page.addEventListener("pointerover", read);
  page.addEventListener("focusin", read);
  page.addEventListener("keydown", (event) => {
    const bars = [...(event.target.closest(".bar")?.parentNode.querySelectorAll(".bar") ?? [])];
    const at = bars.indexOf(event.target);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: bars.length - 1 }[event.key];
    if (at < 0 || !bars[to]) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    bars[to].tabIndex = 0;
    bars[to].focus();
  });

  async function begin() {
    page.setAttribute("aria-busy", "true");
    const kind = await logIn(given()).catch(() => "offline");
    const theme = store.getItem(THEME);
    if (theme) document.documentElement.dataset.theme = theme;
    if (kind) show(kind);
    else await load();
  }

  // A new link may be opened where an older one is shown: only the fragment changes then.
  window.addEventListener("hashchange", () => given() && begin());
  window.addEventListener("popstate", (event) => given() || load({ scroll: event.state?.scroll }));
  history.scrollRestoration = "manual";
  begin();
})();
