<?php
declare(strict_types=1);

/** What a customer sends, checked against the menu. Each check returns the clean value, or refuses with every fault. */
final class Checks
{
    public function __construct(private readonly Menu $menu)
    {
    }

    /** @return array<string, mixed> */
    public function taco(stdClass $body): array
    {
        $faults = new Faults();
        $size = $this->menu->find('sizes', $body->size ?? null);
        if ($size === null) $faults->add('size', 'is no size on the menu');
        $taco = [
            'size' => $size['id'] ?? '',
            'meats' => $this->meats($body->meats ?? null, $size['meats'] ?? PHP_INT_MAX, $faults),
            'sauces' => $this->choices('sauces', $body->sauces ?? [], $this->menu->limit('sauces'), $faults),
            'garnitures' => $this->choices('garnitures', $body->garnitures ?? [], PHP_INT_MAX, $faults),
            'quantity' => $this->quantityOf($body->quantity ?? 1, 'quantity', $faults),
        ];
        $faults->refuse();
        return $taco;
    }

    /** @return array<string, mixed> */
    public function product(string $group, stdClass $body): array
    {
        $faults = new Faults();
        $product = $this->menu->find($group, $body->product ?? null);
        if ($product === null) $faults->add('product', "is none of the $group on the menu");
        $line = [
            'product' => $product['id'] ?? '',
            'quantity' => $this->quantityOf($body->quantity ?? 1, 'quantity', $faults),
        ];
        $faults->refuse();
        return $line;
    }

    public function quantity(stdClass $body): int
    {
        $faults = new Faults();
        $quantity = $this->quantityOf($body->quantity ?? null, 'quantity', $faults);
        $faults->refuse();
        return $quantity;
    }

    /** @return array<string, mixed> customer and delivery of an order */
    public function order(stdClass $body, DateTimeImmutable $now): array
    {
        $faults = new Faults();
        $customer = $body->customer ?? null;
        $delivery = $body->delivery ?? null;
        $type = $delivery->type ?? null;
        if (!in_array($type, ['livraison', 'emporter'], true)) {
            $faults->add('delivery.type', 'must be livraison or emporter');
        }
        $order = [
            'customer' => [
                'name' => $this->text($customer->name ?? null, 'customer.name', 80, $faults),
                'phone' => $this->phone($customer->phone ?? null, $faults),
            ],
            'delivery' => [
                'type' => $type,
                'address' => $type === 'livraison'
                    ? $this->text($delivery->address ?? null, 'delivery.address', 200, $faults)
                    : null,
                'requestedFor' => $this->time($delivery->requestedFor ?? null, $now, $faults),
            ],
        ];
        $faults->refuse();
        return $order;
    }

    /** @return list<array{id: string, quantity: int}> */
    private function meats(mixed $meats, int $most, Faults $faults): array
    {
        if (!is_array($meats) || $meats === []) {
            $faults->add('meats', 'must list at least one meat');
            return [];
        }
        $clean = [];
        foreach ($meats as $index => $meat) {
            $id = $meat->id ?? null;
            if ($this->menu->find('meats', $id) === null) $faults->add("meats.$index.id", 'is no meat on the menu');
            elseif (isset($clean[$id])) $faults->add("meats.$index.id", 'is listed twice; raise its quantity instead');
            $quantity = $this->quantityOf($meat->quantity ?? 1, "meats.$index.quantity", $faults);
            if (is_string($id)) $clean[$id] = ['id' => $id, 'quantity' => $quantity];
        }
        $portions = array_sum(array_column($clean, 'quantity'));
        if ($portions > $most) $faults->add('meats', "are $portions portions; this size takes $most");
        return array_values($clean);
    }

    /** @return list<string> */
    private function choices(string $group, mixed $ids, int $most, Faults $faults): array
    {
        if (!is_array($ids)) {
            $faults->add($group, 'must be a list');
            return [];
        }
        if (count($ids) > $most) $faults->add($group, "may be $most at most");
        foreach ($ids as $index => $id) {
            if ($this->menu->find($group, $id) === null) $faults->add("$group.$index", "is none of the $group on the menu");
            elseif (array_search($id, $ids, true) !== $index) $faults->add("$group.$index", 'is listed twice');
        }
        return $ids;
    }

    private function quantityOf(mixed $value, string $path, Faults $faults): int
    {
        $most = $this->menu->limit('quantity');
        $quantity = wholeNumber($value);
        if ($quantity === null || $quantity < 1 || $quantity > $most) {
            $faults->add($path, "must be a whole number from 1 to $most");
            return 1;
        }
        return $quantity;
    }

    private function text(mixed $value, string $path, int $most, Faults $faults): string
    {
        $text = trimmed($value);
        if (preg_match('/^\P{C}{1,' . $most . '}$/u', $text) !== 1) {
            $faults->add($path, "must be a text of 1 to $most characters");
        }
        return $text;
    }

    private function phone(mixed $value, Faults $faults): string
    {
        $phone = trimmed($value);
        $digits = strlen(preg_replace('/\D/', '', $phone));
        if (preg_match('#^\+?[0-9 ()/.\-]{1,30}$#D', $phone) !== 1 || $digits < 9 || $digits > 15) {
            $faults->add('customer.phone', 'must be a telephone number');
        }
        return $phone;
    }

    /** `HH:MM` is the next time that the shop's clock shows it; a whole timestamp (RFC 3339) is itself. */
    private function time(mixed $value, DateTimeImmutable $now, Faults $faults): string
    {
        $time = is_string($value) ? $this->clockTime($value, $now) ?? $this->timestamp($value) : null;
        $days = $this->menu->limit('daysAhead');
        if ($time === null) {
            $faults->add('delivery.requestedFor', 'must be a time as 18:30, or a timestamp with its offset');
        } elseif ($time <= $now) {
            $faults->add('delivery.requestedFor', 'is in the past');
        } elseif ($time > $now->modify("+$days days")) {
            $faults->add('delivery.requestedFor', "is more than $days days ahead");
        }
        return instant($time ?? $now);
    }

    private function clockTime(string $value, DateTimeImmutable $now): ?DateTimeImmutable
    {
        if (preg_match('/^([01]\d|2[0-3]):[0-5]\d$/D', $value) !== 1) return null;
        $today = $now->setTimezone($this->menu->timeZone)->modify($value);
        return $today > $now ? $today : $today->modify('+1 day');
    }

    private function timestamp(string $value): ?DateTimeImmutable
    {
        $shape = '/^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-][01]\d:[0-5]\d)$/D';
        if (preg_match($shape, $value, $parts) !== 1) return null;
        return checkdate((int) $parts[2], (int) $parts[3], (int) $parts[1]) ? new DateTimeImmutable($value) : null;
    }
}

/** White space only; PHP's own trim() would take control characters as well. */
function trimmed(mixed $value): string
{
    return is_string($value) ? preg_replace('/^\s+|\s+$/Du', '', $value) : '';
}

/** ISO 8601 in UTC, as everything that is stored. */
function instant(DateTimeImmutable $time): string
{
    return $time->setTimezone(new DateTimeZone('UTC'))->format('Y-m-d\TH:i:s.v\Z');
}
