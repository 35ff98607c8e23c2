// Reads a list of resources and writes, for each, what its type says is wrong; null where there is no such type.
// The one argument is the folder whose node_modules holds @kubernetes-models/istio.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

const models = join(process.argv[2], 'node_modules/@kubernetes-models/istio');

async function judge(resource) {
  const file = join(models, resource.apiVersion, `${resource.kind}.js`);
  if (!existsSync(file)) return null;
  const { [resource.kind]: Type } = await import(pathToFileURL(file));
  try {
    new Type(resource).validate();
    return [];
  } catch (error) {
    return [error.message];
  }
}

const judged = [];
for (const resource of JSON.parse(await text(process.stdin))) judged.push(await judge(resource));
process.stdout.write(JSON.stringify(judged));
