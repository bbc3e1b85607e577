<?php
declare(strict_types=1);

/** The shop's operations, for one PHP session. Each returns the status and the body of the response. */
final class Shop
{
    private readonly Checks $checks;
    private Cart $cart;

    public function __construct(private readonly Menu $menu, private readonly string $folder)
    {
        $this->checks = new Checks($menu);
        $_SESSION['token'] ??= bin2hex(random_bytes(20));
        $_SESSION['orders'] ??= [];
        $this->cart = isset($_SESSION['cart']) ? Cart::from($_SESSION['cart']) : Cart::newCart();
    }

    public function csrf(): array
    {
        return [200, ['csrfToken' => $_SESSION['token']]];
    }

    /** The only response that is HTML and not JSON. */
    public function page(): array
    {
        return [200, page($this->menu, $_SESSION['token'])];
    }

    public function requireToken(): void
    {
        $received = $_SERVER['HTTP_X_CSRF_TOKEN'] ?? '';
        if (hash_equals($_SESSION['token'], $received)) return;
        throw new Refusal(403, 'csrf', 'CSRF token missing or outdated; fetch a new one.');
    }

    public function cart(): array
    {
        return [200, $this->cart->withPrices($this->menu)];
    }

    public function clear(): array
    {
        $this->cart->clear();
        return $this->saved(200, null);
    }

    public function item(string $kind, int $id): array
    {
        return [200, $this->cart->line($this->menu, $kind, $id)];
    }

    public function add(string $kind): array
    {
        $content = $this->content($kind);
        if ($this->cart->count() >= $this->menu->limit('lines')) {
            throw new Refusal(409, 'cart_full', "A cart can hold at most {$this->menu->limit('lines')} items.");
        }
        $before = $this->cart->demand();
        $id = $this->cart->add($kind, $content);
        return $this->inStock($before, 201, [$kind, $id]);
    }

    public function replace(string $kind, int $id): array
    {
        $this->cart->line($this->menu, $kind, $id);
        $before = $this->cart->demand();
        $this->cart->change($kind, $id, $this->content($kind));
        return $this->inStock($before, 200, [$kind, $id]);
    }

    public function setQuantity(string $kind, int $id): array
    {
        $this->cart->line($this->menu, $kind, $id);
        $before = $this->cart->demand();
        $this->cart->change($kind, $id, ['quantity' => $this->checks->quantity(requestBody())]);
        return $this->inStock($before, 200, [$kind, $id]);
    }

    public function remove(string $kind, int $id): array
    {
        $this->cart->remove($kind, $id);
        return $this->saved(200, null);
    }

    public function orders(): array
    {
        $ledger = $this->ledger();
        $orders = array_map(fn (int $number) => shownOrder($ledger->order($number)), $_SESSION['orders']);
        return [200, ['orders' => array_reverse($orders)]];
    }

    public function order(int $number): array
    {
        if (!in_array($number, $_SESSION['orders'], true)) {
            throw new Refusal(404, 'not_found', 'Order not found in this session.');
        }
        return [200, shownOrder($this->ledger()->order($number))];
    }

    /**
     * Places an order, at most once per idempotency key. A repeated request returns the existing order. The same key
     * with another body throws 409 `key_reused`.
     */
    public function place(): array
    {
        $key = $_SERVER['HTTP_IDEMPOTENCY_KEY'] ?? '';
        if (preg_match('/^[\x21-\x7e]{1,100}$/D', $key) !== 1) {
            $faults = new Faults();
            $faults->add('Idempotency-Key', 'must be a header of 1 to 100 visible ASCII characters');
            $faults->refuse();
        }
        $body = requestBody();
        $stamp = hash('sha256', json_encode($body));
        $key = hash('sha256', session_id() . "\n" . $key);
        $ledger = $this->ledger();
        $placed = $ledger->findByKey($key);
        if ($placed !== null && $placed['stamp'] !== $stamp) {
            throw new Refusal(409, 'key_reused', 'This Idempotency-Key was already used for another order; use a new one.');
        }
        $order = $placed ?? $this->placeNow($ledger, $key, $stamp, $body);
        $this->remember($order);
        return [$placed === null ? 201 : 200, shownOrder($order)];
    }

    private function placeNow(Ledger $ledger, string $key, string $stamp, stdClass $body): array
    {
        $now = new DateTimeImmutable();
        $checked = $this->checks->order($body, $now);
        if ($this->cart->isEmpty()) throw new Refusal(409, 'cart_empty', 'The cart is empty.');
        $shown = $this->cart->withPrices($this->menu);
        $content = [
            'placedAt' => instant($now),
            ...$checked,
            'items' => array_intersect_key($shown, array_flip(KINDS)),
            'itemCount' => $shown['itemCount'],
            'total' => $shown['total'],
            'stamp' => $stamp,
            'cart' => $this->cart->id,
        ];
        return $ledger->place($key, $content, $this->cart->demand());
    }

    /**
     * Adds the order to the session, and empties the cart that was ordered. A repeated request does it too, in case the
     * shop was killed before it could do so the first time.
     */
    private function remember(array $order): void
    {
        if ($order['cart'] === $this->cart->id) {
            $this->cart = Cart::newCart();
            $_SESSION['token'] = bin2hex(random_bytes(20));
        }
        if (!in_array($order['number'], $_SESSION['orders'], true)) $_SESSION['orders'][] = $order['number'];
        $_SESSION['cart'] = $this->cart->stored();
    }

    private function content(string $kind): array
    {
        $body = requestBody();
        return $kind === 'tacos' ? $this->checks->taco($body) : $this->checks->product($kind, $body);
    }

    /** @param array{string, int} $item kind and id of the changed item */
    private function inStock(array $before, int $status, array $item): array
    {
        $this->ledger()->requireStock($this->cart->demand(), $before);
        return $this->saved($status, $this->cart->line($this->menu, ...$item));
    }

    private function saved(int $status, ?array $item): array
    {
        $_SESSION['cart'] = $this->cart->stored();
        return [$status, ['item' => $item, 'cart' => $this->cart->withPrices($this->menu)]];
    }

    private function ledger(): Ledger
    {
        return new Ledger($this->folder, $this->menu);
    }
}

/** Returns the order without its internal fields. */
function shownOrder(array $order): array
{
    return array_diff_key($order, array_flip(['key', 'demand', 'stamp', 'cart']));
}
