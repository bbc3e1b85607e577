/** The style sheet of the landing page. It uses system fonts and the system's light or dark mode. */
export const LANDING_STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1d2327, #e8ebed); --soft: light-dark(#566067, #a3adb3);
  --line: light-dark(#d9dee1, #363e44); --page: light-dark(#f6f7f8, #14181b); --card: light-dark(#fff, #1c2226);
  --accent: light-dark(#0b5c6b, #6fd0e0); --good: light-dark(#1b6e3c, #6fcf97); --bad: light-dark(#a3281e, #ff9d92); }
* { box-sizing: border-box; margin: 0; padding: 0; }
body { background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: clamp(1.5rem, 5vw, 4rem) clamp(1rem, 4vw, 2rem); display: grid; gap: 2.5rem; }
main > * { min-width: 0; }
h1 { font-size: clamp(2rem, 6vw, 3rem); line-height: 1.1; letter-spacing: -.02em; }
h2 { font-size: 1.25rem; margin-bottom: .75rem; }
h3 { font-size: 1rem; font-weight: 600; margin-bottom: .375rem; }
.lead { color: var(--soft); font-size: 1.125rem; margin-top: .5rem; }
.state { margin-top: 1.25rem; font-weight: 600; }
.state small { color: var(--soft); font-weight: 400; margin-left: .75rem; white-space: nowrap; }
.good span { color: var(--good); } .bad { color: var(--bad); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 1px; background: var(--line);
  border: 1px solid var(--line); border-radius: .75rem; overflow: hidden; }
dl div { background: var(--card); padding: 1rem 1.25rem; }
dt { color: var(--soft); font-size: .875rem; }
dd { font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
ul, ol { list-style: none; display: grid; gap: .75rem; }
ul { grid-template-columns: repeat(auto-fit, minmax(min(14rem, 100%), 1fr)); }
li { min-width: 0; }
a { display: block; height: 100%; background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1rem 1.25rem; color: inherit; text-decoration: none; }
a strong { display: block; color: var(--accent); text-decoration: underline; text-underline-offset: .2em; }
a span { color: var(--soft); font-size: .9375rem; }
a:hover { border-color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
ol { gap: 1.25rem; counter-reset: line; }
ol h3::before { counter-increment: line; content: counter(line) ". "; color: var(--soft); }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: .875rem 1.25rem;
  white-space: pre-wrap; overflow-wrap: anywhere; }
code { font: .875rem/1.6 ui-monospace, monospace; }
.note { color: var(--soft); margin-top: 1rem; }
`;
