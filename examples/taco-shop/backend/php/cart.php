<?php
declare(strict_types=1);

const KINDS = ['tacos', 'extras', 'drinks', 'desserts'];

/**
 * The cart of one PHP session. Line ids of each kind start at 0 and are never reused, so that deleting a line keeps the
 * others.
 */
final class Cart
{
    /**
     * @param array<string, list<array<string, mixed>>> $lines kind → lines
     * @param array<string, int> $next kind → id of the next line
     */
    private function __construct(public readonly string $id, private array $lines, private array $next)
    {
    }

    public static function newCart(): self
    {
        $id = bin2hex(random_bytes(16));
        return new self($id, array_fill_keys(KINDS, []), array_fill_keys(KINDS, 0));
    }

    /** @param array<string, mixed> $stored */
    public static function from(array $stored): self
    {
        return new self($stored['id'], $stored['lines'], $stored['next']);
    }

    /** @return array<string, mixed> */
    public function stored(): array
    {
        return ['id' => $this->id, 'lines' => $this->lines, 'next' => $this->next];
    }

    public function isEmpty(): bool
    {
        return $this->count() === 0;
    }

    public function count(): int
    {
        return array_sum(array_map('count', $this->lines));
    }

    /** @param array<string, mixed> $content */
    public function add(string $kind, array $content): int
    {
        $id = $this->next[$kind]++;
        $this->lines[$kind][] = ['id' => $id, ...$content];
        return $id;
    }

    /** @param array<string, mixed> $content the fields of the line to replace */
    public function change(string $kind, int $id, array $content): void
    {
        $at = $this->indexOf($kind, $id);
        $this->lines[$kind][$at] = [...$this->lines[$kind][$at], ...$content];
    }

    public function remove(string $kind, int $id): void
    {
        array_splice($this->lines[$kind], $this->indexOf($kind, $id), 1);
    }

    public function clear(): void
    {
        $this->lines = array_fill_keys(KINDS, []);
    }

    /** @return array<string, mixed> the line with its prices */
    public function line(Menu $menu, string $kind, int $id): array
    {
        return $this->withPrice($menu, $kind, $this->lines[$kind][$this->indexOf($kind, $id)]);
    }

    /** @return array<string, mixed> all lines with their prices, and the totals */
    public function withPrices(Menu $menu): array
    {
        $shown = [];
        $all = [];
        foreach (KINDS as $kind) {
            $shown[$kind] = array_map(fn (array $line) => $this->withPrice($menu, $kind, $line), $this->lines[$kind]);
            array_push($all, ...$shown[$kind]);
        }
        $shown['itemCount'] = array_sum(array_column($all, 'quantity'));
        $shown['total'] = array_sum(array_column($all, 'total'));
        return $shown;
    }

    /** @return array<string, int> product → portions that an order of this cart takes out of the stock */
    public function demand(): array
    {
        $demand = [];
        $take = function (string $product, int $portions) use (&$demand): void {
            $demand[$product] = ($demand[$product] ?? 0) + $portions;
        };
        foreach ($this->lines['tacos'] as $taco) {
            foreach ($taco['meats'] as $meat) $take($meat['id'], $meat['quantity'] * $taco['quantity']);
            foreach ([...$taco['sauces'], ...$taco['garnitures']] as $product) $take($product, $taco['quantity']);
        }
        foreach (['extras', 'drinks', 'desserts'] as $kind) {
            foreach ($this->lines[$kind] as $line) $take($line['product'], $line['quantity']);
        }
        return $demand;
    }

    /**
     * @param array<string, mixed> $line
     * @return array<string, mixed>
     */
    private function withPrice(Menu $menu, string $kind, array $line): array
    {
        $price = $menu->find($kind === 'tacos' ? 'sizes' : $kind, $line['size'] ?? $line['product'])['price'];
        foreach ($line['meats'] ?? [] as $meat) $price += $menu->product($meat['id'])['price'] * $meat['quantity'];
        foreach ([...$line['sauces'] ?? [], ...$line['garnitures'] ?? []] as $id) $price += $menu->product($id)['price'];
        return [...$line, 'unitPrice' => $price, 'total' => $price * $line['quantity']];
    }

    private function indexOf(string $kind, int $id): int
    {
        $at = array_search($id, array_column($this->lines[$kind], 'id'), true);
        if ($at === false) throw new Refusal(404, 'not_found', "Item not found in the $kind of this cart.");
        return $at;
    }
}
