<?php
declare(strict_types=1);

/** Renders the backend's HTML page, with the menu and the CSRF token in a meta tag. */
function page(Menu $menu, string $token): string
{
    $titles = ['sizes' => 'Tacos', 'extras' => 'Extras', 'drinks' => 'Boissons', 'desserts' => 'Desserts'];
    $sections = '';
    foreach ($titles as $group => $title) {
        $rows = '';
        foreach ($menu->file[$group] as $product) {
            $name = htmlspecialchars($product['name']['fr']);
            $price = number_format($product['price'] / 100, 2);
            $rows .= "<li>$name — CHF $price</li>";
        }
        $sections .= "<h2>$title</h2><ul>$rows</ul>";
    }
    $token = htmlspecialchars($token);
    return <<<HTML
        <!doctype html>
        <html lang="fr">
        <head>
        <meta charset="utf-8">
        <meta name="csrf-token" content="$token">
        <title>Taco Shop</title>
        </head>
        <body><h1>Taco Shop</h1>$sections</body>
        </html>

        HTML;
}
