<?php

// Verifies a message of Payment Hub. With the header as argument and the body on
// standard input it prints the event's id, or "invalid" and ends with 1:
//   WEBHOOK_SECRET=whsec_… php verify.php "$X_AMICA_SIGNATURE" < body.json

declare(strict_types=1);

// docs:begin
const TOLERANCE = 300; // seconds

// verify returns the event of a message, or throws. $header is X-AMICA-Signature; $body
// is what file_get_contents('php://input') reads: parsed and written again, it would have
// another signature.
function verify(?string $header, string $body, string $secret, ?int $now = null): array
{
    $timestamp = '';
    $signatures = [];
    foreach (explode(',', $header ?? '') as $part) {
        [$name, $value] = explode('=', $part, 2) + [1 => ''];
        if ($name === 't') {
            $timestamp = $value;
        } elseif ($name === 'v1') {
            $signatures[] = $value;
        }
    }
    if (!preg_match('/^[0-9]{1,12}$/D', $timestamp) || abs(($now ?? time()) - (int) $timestamp) > TOLERANCE) {
        throw new UnexpectedValueException('The timestamp is missing or too far from now.');
    }
    $expected = hash_hmac('sha256', $timestamp . '.' . $body, $secret);
    foreach ($signatures as $signature) {
        if (hash_equals($expected, $signature)) {
            return json_decode($body, true, 512, JSON_THROW_ON_ERROR);
        }
    }
    throw new UnexpectedValueException('No signature is genuine.');
}
// docs:end

try {
    $event = verify($argv[1] ?? null, stream_get_contents(STDIN), (string) getenv('WEBHOOK_SECRET'));
    echo $event['id'], "\n";
} catch (Exception) {
    echo "invalid\n";
    exit(1);
}
