<?php
declare(strict_types=1);

/**
 * Orders and stock, in files that all workers share.
 *
 * An order is placed by the one rename that puts `orders/000017.json` there; stock follows from it. Whoever opens the
 * ledger applies orders that the stock does not know yet, so that a shop killed between the two loses nothing.
 */
final class Ledger
{
    /** @var resource */
    private $lock;
    /** @var array{through: int, left: array<string, int>} the last order that is in it, and what is left */
    private array $stock;

    /** Waits for its turn; the ledger is this request's alone until the request ends. */
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
     * Refuses when products are short, naming each.
     *
     * @param array<string, int> $demand
     * @param array<string, int> $before what was asked for already, and may stay
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
        throw new Refusal(409, 'out_of_stock', "Not enough left of: $names.", ['items' => $short]);
    }

    /**
     * Places an order; one key, one order.
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

    /** @return array<string, mixed>|null the order that was placed with this key */
    public function placedWith(string $key): ?array
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
