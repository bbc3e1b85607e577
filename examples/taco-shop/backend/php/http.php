<?php
declare(strict_types=1);

/** An error response that ends the request: `throw new Refusal(404, 'not_found', '…')`. */
final class Refusal extends Exception
{
    /** @param array<string, mixed> $details additional members of the error: `fields` or `items` */
    public function __construct(
        public readonly int $status,
        public readonly string $name,
        string $message,
        public readonly array $details = [],
    ) {
        parent::__construct($message);
    }
}

/** Collects the faults of an input, so that one response lists all of them. */
final class Faults
{
    /** @var list<array{path: string, message: string}> */
    private array $fields = [];

    public function add(string $path, string $message): void
    {
        $this->fields[] = ['path' => $path, 'message' => $message];
    }

    /** Throws 422 `validation` if there is a fault. The message names the first one. */
    public function refuse(): void
    {
        if ($this->fields === []) return;
        ['path' => $path, 'message' => $message] = $this->fields[0];
        throw new Refusal(422, 'validation', "Invalid request: $path $message.", ['fields' => $this->fields]);
    }
}

function sendJson(int $status, mixed $value): void
{
    http_response_code($status);
    header('Content-Type: application/json; charset=utf-8');
    header('Cache-Control: no-store');
    echo json_encode($value, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR);
}

function sendPage(string $html): void
{
    header('Content-Type: text/html; charset=utf-8');
    header('Cache-Control: no-store');
    echo $html;
}

function sendRefusal(Refusal $refusal): void
{
    $error = ['code' => $refusal->name, 'message' => $refusal->getMessage(), ...$refusal->details];
    sendJson($refusal->status, ['error' => $error]);
}

/** The JSON object in the request body. Throws 413 or 400. */
function requestBody(): stdClass
{
    $text = file_get_contents('php://input', length: 65537);
    if (strlen($text) > 65536) throw new Refusal(413, 'too_large', 'The body must have at most 65536 bytes.');
    $value = json_decode($text, false, 32);
    if (!$value instanceof stdClass) throw new Refusal(400, 'bad_json', 'The body must be a JSON object.');
    return $value;
}

/** The value as an integer; null for any other value. JSON has one number type, so 2.0 is the integer 2. */
function toInteger(mixed $value): ?int
{
    if (is_float($value) && floor($value) === $value && abs($value) < 1e15) return (int) $value;
    return is_int($value) ? $value : null;
}
