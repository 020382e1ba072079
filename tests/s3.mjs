// s3rver, a server that speaks S3, with its files in a folder. Its argument is a JSON object: folder, bucket.
// Prints its port as a line of JSON once it serves, and ends with its input.
import { installed } from "./identity/installed.mjs";

const S3rver = installed("s3rver");
const { folder, bucket } = JSON.parse(process.argv[2]);
const server = new S3rver({
  address: "127.0.0.1",
  port: 0,
  silent: true,
  directory: folder,
  configureBuckets: [{ name: bucket }],
});
const { port } = await server.run();
console.log(JSON.stringify({ port }));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
