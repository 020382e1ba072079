// How a client is spoken with. First it prints its authorization URL, or why it refuses the server. Then it answers
// lines such as {"exchange": callback URL}, {"refresh": token} and {"revoke": token}, a line of JSON each:
// {"done": result} or {"refused": {code, message, error}}. It ends with its input.
import { createInterface } from "node:readline";

export const settings = JSON.parse(process.argv[2]);

export async function converse(begin) {
  const acts = await said(begin);
  if (!acts) return;
  for await (const line of createInterface({ input: process.stdin })) {
    const [[act, argument]] = Object.entries(JSON.parse(line));
    await said(() => acts[act](argument));
  }
}

async function said(attempt) {
  try {
    const { acts, ...done } = (await attempt()) ?? {};
    console.log(JSON.stringify({ done }));
    return acts;
  } catch (refusal) {
    const { code, error, cause } = refusal;
    const message = [refusal.message, cause?.message].filter(Boolean).join(": ");
    console.log(JSON.stringify({ refused: { code, message, error } }));
  }
}
