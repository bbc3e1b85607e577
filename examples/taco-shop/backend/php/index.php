<?php
declare(strict_types=1);

// Handles every request: TACO_SHOP_DATA=folder php -S 127.0.0.1:3002 index.php

require __DIR__ . '/http.php';
require __DIR__ . '/menu.php';
require __DIR__ . '/checks.php';
require __DIR__ . '/cart.php';
require __DIR__ . '/ledger.php';
require __DIR__ . '/page.php';
require __DIR__ . '/shop.php';

const KIND = '(tacos|extras|drinks|desserts)';
const NUMBER = '(0|[1-9]\d{0,8})';

/** Path → method → name of the route. `health`, `menu` and `stock` need no session; the others are methods of Shop. */
const ROUTES = [
    '/health' => ['GET' => 'health'],
    '/' => ['GET' => 'page'],
    '/csrf' => ['GET' => 'csrf'],
    '/menu' => ['GET' => 'menu'],
    '/stock' => ['GET' => 'stock'],
    '/cart' => ['GET' => 'cart', 'DELETE' => 'clear'],
    '/cart/' . KIND => ['POST' => 'add'],
    '/cart/' . KIND . '/' . NUMBER => ['GET' => 'item', 'PUT' => 'replace', 'DELETE' => 'remove'],
    '/cart/' . KIND . '/' . NUMBER . '/quantity' => ['PATCH' => 'setQuantity'],
    '/orders' => ['GET' => 'orders', 'POST' => 'place'],
    '/orders/' . NUMBER => ['GET' => 'order'],
];

/** @return array{string, list<string|int>} the route's name and its parameters */
function route(string $method, string $path): array
{
    foreach (ROUTES as $pattern => $methods) {
        if (preg_match("#^$pattern$#D", $path, $match) !== 1) continue;
        $name = $methods[$method] ?? null;
        if ($name !== null) return [$name, array_map(fn ($each) => ctype_digit($each) ? (int) $each : $each, array_slice($match, 1))];
        header('Allow: ' . implode(', ', array_keys($methods)));
        throw new Refusal(405, 'method_not_allowed', 'Method not allowed for this path.');
    }
    throw new Refusal(404, 'not_found', 'Path not found.');
}

function startSession(string $folder): void
{
    session_start([
        'save_path' => "$folder/sessions",
        'use_strict_mode' => true,
        'cookie_httponly' => true,
        'cookie_samesite' => 'Lax',
        'gc_maxlifetime' => 2 * 86400,
        'gc_probability' => 1,
        'gc_divisor' => 1000,
        'cache_limiter' => '',
    ]);
}

function serve(string $folder): void
{
    $method = $_SERVER['REQUEST_METHOD'] === 'HEAD' ? 'GET' : $_SERVER['REQUEST_METHOD'];
    [$name, $parameters] = route($method, strtok($_SERVER['REQUEST_URI'], '?'));
    $menu = new Menu();
    if ($name === 'health') sendJson(200, ['status' => 'ok', 'kind' => 'php']);
    elseif ($name === 'menu') sendJson(200, $menu->withStock((new Ledger($folder, $menu))->left()));
    elseif ($name === 'stock') sendJson(200, $menu->stock((new Ledger($folder, $menu))->left()));
    else {
        startSession($folder);
        serveVisitor(new Shop($menu, $folder), $method, $name, $parameters);
    }
}

/** @param list<string|int> $parameters */
function serveVisitor(Shop $shop, string $method, string $name, array $parameters): void
{
    if ($method !== 'GET') $shop->requireToken();
    [$status, $value] = $shop->$name(...$parameters);
    // Save before sending the response, so that a killed process loses no change that it has confirmed.
    session_write_close();
    if ($name === 'page') sendPage($value);
    else sendJson($status, $value);
}

$folder = getenv('TACO_SHOP_DATA') ?: throw new RuntimeException("Set TACO_SHOP_DATA to the folder for the backend's data.");
foreach (['sessions', 'orders', 'keys'] as $part) {
    if (!is_dir("$folder/$part")) @mkdir("$folder/$part", 0700, true);
}
try {
    serve($folder);
} catch (Refusal $refusal) {
    sendRefusal($refusal);
} catch (Throwable $error) {
    error_log((string) $error);
    sendJson(500, ['error' => ['code' => 'internal', 'message' => "Internal error. See the backend's log."]]);
}
