// Reads a list of resources and writes, for each, what its type says is wrong; null where there is no such type.
// The arguments are the folder whose node_modules holds the types, and the packages there that have them.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { unknown } from './members.mjs';

const [folder, ...packages] = process.argv.slice(2);
const modules = join(folder, 'node_modules');

async function judge(resource) {
  const files = packages.map((name) => join(modules, name, resource.apiVersion, resource.kind));
  const file = files.find((name) => existsSync(`${name}.js`));
  if (file === undefined) return null;
  const { [resource.kind]: Type } = await import(pathToFileURL(`${file}.js`));
  const dropped = unknown(modules, `${file}.d.ts`, resource);
  try {
    new Type(resource).validate();
    return dropped;
  } catch (error) {
    return [error.message, ...dropped];
  }
}

const judged = [];
for (const resource of JSON.parse(await text(process.stdin))) judged.push(await judge(resource));
process.stdout.write(JSON.stringify(judged));
