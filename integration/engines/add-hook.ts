/** add-hook.ts CONFIG.JSON HOOK.JSON: puts a hook entry into a bundle's configuration, at createRuntime. */
import { readFileSync, writeFileSync } from 'node:fs';

const [config = '', hook = ''] = process.argv.slice(2);
const spec = JSON.parse(readFileSync(config, 'utf8'));
spec.hooks = { ...spec.hooks, createRuntime: [JSON.parse(readFileSync(hook, 'utf8'))] };
writeFileSync(config, JSON.stringify(spec));
