<?php
declare(strict_types=1);

/**
 * Orders and stock, stored in files that all workers share.
 *
 * The rename that creates `orders/000017.json` places the order; the stock is derived from the orders. The constructor
 * applies orders that are missing in the stock, so that a shop killed between the two writes loses nothing.
 */
final class Ledger
{
    /** @var resource */
    private $lock;
    /** @var array{through: int, left: array<string, int>} number of the last applied order, and portions left */
    private array $stock;

    /** Waits for the exclusive lock, which this request holds until it ends. */
    public function __construct(private readonly string $folder, private readonly Menu $menu)
    {
        $this->lock = fopen("$folder/ledger.lock", 'c');
        flock($this->lock, LOCK_EX);
        $file = "$folder/stock.json";
        $stock = is_file($file) ? json_decode(file_get_contents($file), true) : ['through' => 0, 'left' => []];
        $stock['left'] += $menu->initialStock();
        $this->stock = $stock;
        while (($order = $this->order($this->stock['through'] + 1)) !== null) $this->apply($order);
    }

    /** @return array<string, int> product → portions left */
    public function left(): array
    {
        return $this->stock['left'];
    }

    /**
     * Throws 409 `out_of_stock`, with each product of which too few portions are left.
     *
     * @param array<string, int> $demand
     * @param array<string, int> $before portions that the cart contained already; they never cause an error
     */
    public function requireStock(array $demand, array $before = []): void
    {
        $short = [];
        foreach ($demand as $product => $wanted) {
            $left = $this->stock['left'][$product];
            if ($wanted <= $left || $wanted <= ($before[$product] ?? 0)) continue;
            $name = $this->menu->product((string) $product)['name'];
            $short[] = ['product' => $product, 'name' => $name, 'wanted' => $wanted, 'left' => $left];
        }
        if ($short === []) return;
        $names = implode(', ', array_column(array_column($short, 'name'), 'fr'));
        throw new Refusal(409, 'out_of_stock', "Out of stock: $names.", ['items' => $short]);
    }

    /**
     * Places an order. The caller must first check with findByKey() that no order has its key.
     *
     * @param array<string, mixed> $content
     * @param array<string, int> $demand
     * @return array<string, mixed>
     */
    public function place(string $key, array $content, array $demand): array
    {
        $this->requireStock($demand);
        $number = $this->stock['through'] + 1;
        $order = ['number' => $number, ...$content, 'key' => $key, 'demand' => $demand];
        $this->write("keys/$key.json", ['number' => $number]);
        $this->write($this->nameOf($number), $order);
        $this->apply($order);
        return $order;
    }

    /** @return array<string, mixed>|null the order with this key */
    public function findByKey(string $key): ?array
    {
        $file = "$this->folder/keys/$key.json";
        if (!is_file($file)) return null;
        $order = $this->order(json_decode(file_get_contents($file), true)['number']);
        return $order !== null && $order['key'] === $key ? $order : null;
    }

    /** @return array<string, mixed>|null */
    public function order(int $number): ?array
    {
        $file = "$this->folder/{$this->nameOf($number)}";
        return is_file($file) ? json_decode(file_get_contents($file), true) : null;
    }

    /** @param array<string, mixed> $order */
    private function apply(array $order): void
    {
        foreach ($order['demand'] as $product => $portions) $this->stock['left'][$product] -= $portions;
        $this->stock['through'] = $order['number'];
        $this->write('stock.json', $this->stock);
    }

    private function nameOf(int $number): string
    {
        return sprintf('orders/%06d.json', $number);
    }

    private function write(string $name, mixed $value): void
    {
        $temporary = "$this->folder/ledger.tmp";
        file_put_contents($temporary, json_encode($value, JSON_UNESCAPED_UNICODE | JSON_PRETTY_PRINT));
        rename($temporary, "$this->folder/$name");
    }
}
