<?php
declare(strict_types=1);

// Every request comes here: php -S 127.0.0.1:3002 index.php, with TACO_SHOP_DATA naming the folder of its state.

require __DIR__ . '/http.php';
require __DIR__ . '/menu.php';
require __DIR__ . '/checks.php';
require __DIR__ . '/cart.php';
require __DIR__ . '/ledger.php';
require __DIR__ . '/page.php';
require __DIR__ . '/shop.php';

const KIND = '(tacos|extras|drinks|desserts)';
const NUMBER = '(0|[1-9]\d{0,8})';

/** Path → method → what answers. Methods of Shop want a session; the others do not. */
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
        throw new Refusal(405, 'method_not_allowed', 'This cannot be done here.');
    }
    throw new Refusal(404, 'not_found', 'There is nothing here.');
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
    if ($name === 'health') answer(200, ['status' => 'ok', 'kind' => 'php']);
    elseif ($name === 'menu') answer(200, $menu->offer((new Ledger($folder, $menu))->left()));
    elseif ($name === 'stock') answer(200, $menu->stock((new Ledger($folder, $menu))->left()));
    else serveVisitor($name, $parameters, $method, $menu, $folder);
}

/** @param list<string|int> $parameters */
function serveVisitor(string $name, array $parameters, string $method, Menu $menu, string $folder): void
{
    startSession($folder);
    $shop = new Shop($menu, $folder);
    if ($method !== 'GET') $shop->requireToken();
    [$status, $value] = $shop->$name(...$parameters);
    // Kept before it is acknowledged: nothing that was answered is lost when the shop is killed.
    session_write_close();
    if ($name === 'page') answerPage($value);
    else answer($status, $value);
}

$folder = getenv('TACO_SHOP_DATA') ?: throw new RuntimeException('TACO_SHOP_DATA names no folder.');
foreach (['sessions', 'orders', 'keys'] as $part) {
    if (!is_dir("$folder/$part")) @mkdir("$folder/$part", 0700, true);
}
try {
    serve($folder);
} catch (Refusal $refusal) {
    answerRefusal($refusal);
} catch (Throwable $error) {
    error_log((string) $error);
    answer(500, ['error' => ['code' => 'internal', 'message' => 'Something went wrong here.']]);
}
