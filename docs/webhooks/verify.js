// Verifies a message of Payment Hub. With the header as argument and the body on
// standard input it prints the event's id, or "invalid" and ends with 1:
//   WEBHOOK_SECRET=whsec_… node verify.js "$X_AMICA_SIGNATURE" < body.json

// docs:begin
const crypto = require("node:crypto");

const TOLERANCE = 300; // seconds

// verify returns the event of a message, or throws. header is X-AMICA-Signature; body
// is the Buffer that came: parsed and written again, it would have another signature.
function verify(header, body, secret, now = Date.now() / 1000) {
  const parts = (header ?? "").split(",").map((part) => part.split("="));
  const timestamp = parts.find(([name]) => name === "t")?.[1] ?? "";
  if (!/^[0-9]{1,12}$/.test(timestamp) || Math.abs(now - Number(timestamp)) > TOLERANCE) {
    throw new Error("The timestamp is missing or too far from now.");
  }
  const expected = crypto.createHmac("sha256", secret).update(`${timestamp}.`).update(body).digest();
  const genuine = parts.some(([name, signature]) => {
    const given = Buffer.from(name === "v1" ? (signature ?? "") : "", "hex");
    return given.length === expected.length && crypto.timingSafeEqual(given, expected);
  });
  if (!genuine) {
    throw new Error("No signature is genuine.");
  }
  return JSON.parse(body);
}
// docs:end

const chunks = [];
process.stdin.on("data", (chunk) => chunks.push(chunk));
process.stdin.on("end", () => {
  try {
    console.log(verify(process.argv[2], Buffer.concat(chunks), process.env.WEBHOOK_SECRET).id);
  } catch {
    console.log("invalid");
    process.exitCode = 1;
  }
});
