<?php
declare(strict_types=1);

const GROUPS = ['meats', 'sauces', 'garnitures', 'extras', 'drinks', 'desserts'];

/** The menu, read from the file that both backends share. Prices are in rappen. */
final class Menu
{
    /** @var array<string, mixed> */
    public readonly array $file;
    public readonly DateTimeZone $timeZone;

    public function __construct()
    {
        $text = file_get_contents(__DIR__ . '/../menu.json');
        $this->file = json_decode($text, true, 16, JSON_THROW_ON_ERROR);
        $this->timeZone = new DateTimeZone($this->file['timeZone']);
    }

    public function limit(string $name): int
    {
        return $this->file['limits'][$name];
    }

    /** @return array<string, mixed>|null the size or product with this id in a group */
    public function find(string $group, mixed $id): ?array
    {
        foreach ($this->file[$group] as $product) {
            if ($product['id'] === $id) return $product;
        }
        return null;
    }

    /** @return array<string, mixed> the product with this id, in any group */
    public function product(string $id): array
    {
        foreach (GROUPS as $group) {
            $product = $this->find($group, $id);
            if ($product !== null) return $product;
        }
        throw new LogicException("Product not found: $id");
    }

    /** @return array<string, int> product → portions before the first order */
    public function initialStock(): array
    {
        $stock = [];
        foreach (GROUPS as $group) $stock += array_column($this->file[$group], 'stock', 'id');
        return $stock;
    }

    /**
     * @param array<string, int> $left product → portions left
     * @return array<string, mixed> the menu with the current stock
     */
    public function withStock(array $left): array
    {
        $menu = $this->file;
        foreach (GROUPS as $group) {
            foreach ($menu[$group] as &$product) $product['stock'] = $left[$product['id']];
            unset($product);
        }
        return $menu;
    }

    /**
     * @param array<string, int> $left product → portions left
     * @return array<string, array<string, int>> group → product → portions left
     */
    public function stock(array $left): array
    {
        $stock = [];
        foreach (GROUPS as $group) {
            foreach ($this->file[$group] as ['id' => $id]) $stock[$group][$id] = $left[$id];
        }
        return $stock;
    }
}
