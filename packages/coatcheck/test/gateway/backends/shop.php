<?php
// A shop in plain PHP, for the tests of the gateway: a login, and a cart in PHP's own session.
declare(strict_types=1);

$folder = ini_get('session.save_path');
$path = strtok($_SERVER['REQUEST_URI'], '?');
$isWrite = $_SERVER['REQUEST_METHOD'] === 'POST';

if (str_starts_with($path, '/control/')) {
    foreach (glob("$folder/sess_*") as $file) {
        // Forgets a session, as PHP's own clean-up does, or replaces its token, as a login in another tab does.
        if ($path === '/control/forget') unlink($file);
        else file_put_contents($file, preg_replace('/csrf\|s:32:"\w+"/', 'csrf|s:32:"' . bin2hex(random_bytes(16)) . '"', file_get_contents($file)));
    }
    exit('done');
}

session_start(['use_strict_mode' => true, 'gc_probability' => 0, 'cache_limiter' => '']);
$_SESSION['csrf'] ??= bin2hex(random_bytes(16));

if ($isWrite && !hash_equals($_SESSION['csrf'], $_POST['csrf_token'] ?? '')) {
    http_response_code(403);
    exit('The form is outdated.');
}
// One use: the next form has another token.
if ($isWrite) $_SESSION['csrf'] = bin2hex(random_bytes(16));

function page(string $text): void
{
    echo "<!doctype html><title>Shop</title><output>$text</output>",
        "<form method=post><input type=hidden name=csrf_token value={$_SESSION['csrf']}></form>";
}

if ($path === '/login/') {
    if (!$isWrite) exit(page('log in'));
    session_regenerate_id(true);
    $_SESSION['user'] = $_POST['user'];
    header('Location: /cart/', true, 303);
} elseif (!isset($_SESSION['user'])) {
    header('Location: /login/?next=' . rawurlencode($path), true, 302);
} elseif ($path === '/renew/') {
    session_regenerate_id(true);
    page('renewed');
} else {
    $_SESSION['cart'] ??= [];
    if ($isWrite) $_SESSION['cart'][] = $_POST['item'];
    page(implode(',', $_SESSION['cart']));
}
