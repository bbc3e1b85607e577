const HTML_ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

function escapeHtml(text: string): string {
  return text.replace(/[&<>]/g, (each) => HTML_ESCAPES[each] ?? each);
}

/** The time until the page reloads itself, in seconds. */
export const RETRY_AFTER = 2;

/**
 * Renders the page that is shown until the application is built. The page reloads itself.
 *
 * @param seconds since the build began.
 * @param failure the output of a failed build; null while the build runs.
 */
export function buildingPage(seconds: number, failure: string | null): string {
  const title = failure === null ? "The back office is being built" : "The back office could not be built";
  const content =
    failure === null
      ? `<p>This happens at the first visit and after a change, and takes less than a minute. The page opens by itself.</p>
         <p><progress aria-label="Building"></progress> <output>${seconds} s</output></p>`
      : `<p>Load this page again to try once more.</p><pre>${escapeHtml(failure)}</pre>`;
  const refresh = failure === null ? `<meta http-equiv="refresh" content="${RETRY_AFTER}">` : "";
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    ${refresh}
    <title>${title}</title>
    <style>
      :root { color-scheme: light dark; }
      body { margin: 12vh auto 0; padding: 20px; max-width: 520px; font: 15px/1.5 system-ui, sans-serif; }
      h1 { font-size: 20px; }
      pre { overflow: auto; }
    </style>
  </head>
  <body><main><h1>${title}</h1>${content}</main></body>
</html>
`;
}
