import type { Menu } from "./menu.ts";

const GROUP_TITLES = { sizes: "Tacos", extras: "Extras", drinks: "Boissons", desserts: "Desserts" } as const;

/** Renders the backend's HTML page, with the menu and the CSRF token in a meta tag. */
export function renderPage(menu: Menu, token: string): string {
  const sections = Object.entries(GROUP_TITLES).map(([group, title]) => {
    const rows = menu.file[group as keyof typeof GROUP_TITLES].map(
      ({ name, price }) => `<li>${name.fr} — CHF ${(price / 100).toFixed(2)}</li>`,
    );
    return `<h2>${title}</h2><ul>${rows.join("")}</ul>`;
  });
  return `<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="csrf-token" content="${token}">
<title>Taco Shop</title>
</head>
<body><h1>Taco Shop</h1>${sections.join("")}</body>
</html>
`;
}
