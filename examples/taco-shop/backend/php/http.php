<?php
declare(strict_types=1);

/** An answer that ends the request: `throw new Refusal(404, 'not_found', '…')`. */
final class Refusal extends Exception
{
    /** @param array<string, mixed> $more further members of the error: `fields`, `items` */
    public function __construct(
        public readonly int $status,
        public readonly string $name,
        string $message,
        public readonly array $more = [],
    ) {
        parent::__construct($message);
    }
}

/** Collects the faults of an input, and refuses it if there are any. */
final class Faults
{
    /** @var list<array{path: string, message: string}> */
    private array $fields = [];

    public function add(string $path, string $message): void
    {
        $this->fields[] = ['path' => $path, 'message' => $message];
    }

    public function refuse(): void
    {
        if ($this->fields === []) return;
        throw new Refusal(422, 'validation', 'Some of what was sent will not do.', ['fields' => $this->fields]);
    }
}

function answer(int $status, mixed $value): void
{
    http_response_code($status);
    header('Content-Type: application/json; charset=utf-8');
    header('Cache-Control: no-store');
    echo json_encode($value, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR);
}

function answerPage(string $html): void
{
    header('Content-Type: text/html; charset=utf-8');
    header('Cache-Control: no-store');
    echo $html;
}

function answerRefusal(Refusal $refusal): void
{
    $error = ['code' => $refusal->name, 'message' => $refusal->getMessage(), ...$refusal->more];
    answer($refusal->status, ['error' => $error]);
}

/** The request's JSON object. */
function requestBody(): stdClass
{
    $text = file_get_contents('php://input', length: 65537);
    if (strlen($text) > 65536) throw new Refusal(413, 'too_large', 'The body may take 65536 bytes.');
    $value = json_decode($text, false, 32);
    if (!$value instanceof stdClass) throw new Refusal(400, 'bad_json', 'The body must be a JSON object.');
    return $value;
}

/** JSON knows one kind of number: 2.0 is the whole number 2. */
function wholeNumber(mixed $value): ?int
{
    if (is_float($value) && floor($value) === $value && abs($value) < 1e15) return (int) $value;
    return is_int($value) ? $value : null;
}
