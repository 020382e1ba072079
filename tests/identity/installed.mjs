// Loads a package of tests/node, where a bare import from here would not look.
import { createRequire } from "node:module";

export const installed = createRequire(new URL("../node/package.json", import.meta.url));
