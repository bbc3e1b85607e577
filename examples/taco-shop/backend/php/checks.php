<?php
declare(strict_types=1);

/**
 * Validates input against the menu. Each method returns the valid value, or throws a Refusal that lists every fault.
 */
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
        if ($size === null) $faults->add('size', 'must be a size on the menu');
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
        if ($product === null) $faults->add('product', "must be one of the $group on the menu");
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
    private function meats(mixed $meats, int $maxPortions, Faults $faults): array
    {
        if (!is_array($meats) || $meats === []) {
            $faults->add('meats', 'must list at least one meat');
            return [];
        }
        $valid = [];
        foreach ($meats as $index => $meat) {
            $id = $meat->id ?? null;
            if ($this->menu->find('meats', $id) === null) $faults->add("meats.$index.id", 'must be a meat on the menu');
            elseif (isset($valid[$id])) $faults->add("meats.$index.id", 'must not be listed twice; increase its quantity');
            $quantity = $this->quantityOf($meat->quantity ?? 1, "meats.$index.quantity", $faults);
            if (is_string($id)) $valid[$id] = ['id' => $id, 'quantity' => $quantity];
        }
        $portions = array_sum(array_column($valid, 'quantity'));
        if ($portions > $maxPortions) {
            $faults->add('meats', "must have at most $maxPortions portions for this size (got $portions)");
        }
        return array_values($valid);
    }

    /** @return list<string> */
    private function choices(string $group, mixed $ids, int $maxCount, Faults $faults): array
    {
        if (!is_array($ids)) {
            $faults->add($group, 'must be a list');
            return [];
        }
        if (count($ids) > $maxCount) $faults->add($group, "must have at most $maxCount entries");
        foreach ($ids as $index => $id) {
            if ($this->menu->find($group, $id) === null) $faults->add("$group.$index", "must be one of the $group on the menu");
            elseif (array_search($id, $ids, true) !== $index) $faults->add("$group.$index", 'must not be listed twice');
        }
        return $ids;
    }

    private function quantityOf(mixed $value, string $path, Faults $faults): int
    {
        $max = $this->menu->limit('quantity');
        $quantity = toInteger($value);
        if ($quantity === null || $quantity < 1 || $quantity > $max) {
            $faults->add($path, "must be an integer from 1 to $max");
            return 1;
        }
        return $quantity;
    }

    private function text(mixed $value, string $path, int $maxLength, Faults $faults): string
    {
        $text = trimmed($value);
        if (preg_match('/^\P{C}{1,' . $maxLength . '}$/u', $text) !== 1) {
            $faults->add($path, "must be a text of 1 to $maxLength characters");
        }
        return $text;
    }

    private function phone(mixed $value, Faults $faults): string
    {
        $phone = trimmed($value);
        $digits = strlen(preg_replace('/\D/', '', $phone));
        if (preg_match('#^\+?[0-9 ()/.\-]{1,30}$#D', $phone) !== 1 || $digits < 9 || $digits > 15) {
            $faults->add('customer.phone', 'must be a phone number');
        }
        return $phone;
    }

    /**
     * Accepts `HH:MM`, for the next such time in the shop's time zone, and RFC 3339 timestamps. Returns ISO 8601 in
     * UTC.
     */
    private function time(mixed $value, DateTimeImmutable $now, Faults $faults): string
    {
        $time = is_string($value) ? $this->nextClockTime($value, $now) ?? $this->parseTimestamp($value) : null;
        $days = $this->menu->limit('daysAhead');
        if ($time === null) {
            $faults->add('delivery.requestedFor', 'must be a time such as 18:30, or an RFC 3339 timestamp');
        } elseif ($time <= $now) {
            $faults->add('delivery.requestedFor', 'must be in the future');
        } elseif ($time > $now->modify("+$days days")) {
            $faults->add('delivery.requestedFor', "must be at most $days days ahead");
        }
        return instant($time ?? $now);
    }

    private function nextClockTime(string $value, DateTimeImmutable $now): ?DateTimeImmutable
    {
        if (preg_match('/^([01]\d|2[0-3]):[0-5]\d$/D', $value) !== 1) return null;
        $today = $now->setTimezone($this->menu->timeZone)->modify($value);
        return $today > $now ? $today : $today->modify('+1 day');
    }

    private function parseTimestamp(string $value): ?DateTimeImmutable
    {
        $shape = '/^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-][01]\d:[0-5]\d)$/D';
        if (preg_match($shape, $value, $parts) !== 1) return null;
        return checkdate((int) $parts[2], (int) $parts[3], (int) $parts[1]) ? new DateTimeImmutable($value) : null;
    }
}

/** Removes white space from both ends. PHP's trim() would also remove control characters. */
function trimmed(mixed $value): string
{
    return is_string($value) ? preg_replace('/^\s+|\s+$/Du', '', $value) : '';
}

/** The time as ISO 8601 in UTC. */
function instant(DateTimeImmutable $time): string
{
    return $time->setTimezone(new DateTimeZone('UTC'))->format('Y-m-d\TH:i:s.v\Z');
}
