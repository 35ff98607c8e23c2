// Which members of a resource its type does not have: the API server would drop them without a word.
// The types are read as they are declared; what is declared as an alias, in place, or as any JSON at all is not looked into.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const INDENT = '    ';

// The class in a declaration has every member, those that it inherits, too.
function declared(file) {
  if (!existsSync(file)) return null;
  const text = readFileSync(file, 'utf8');
  const body = text.split(/^export declare class .*\{$/m)[1]?.split(/^}/m)[0];
  if (body === undefined) return null;
  const imports = new Map();
  for (const [, names, path] of text.matchAll(/^import \{ (.+) \} from "(.+)";$/gm)) {
    for (const name of names.split(', ')) imports.set(name, path);
  }
  const members = new Map();
  for (const line of body.split('\n')) {
    const member = line.startsWith(`${INDENT}"`) && line.match(/^ +"(.+?)"\??: (.+?);?$/);
    if (member) members.set(member[1], member[2]);
  }
  return members.size === 0 ? null : { imports, members };
}

function resolve(modules, file, path) {
  const bare = path.replace(/\.js$/, '');
  return `${path.startsWith('.') ? join(dirname(file), bare) : join(modules, bare)}.d.ts`;
}

export function unknown(modules, file, value, place = '') {
  const type = declared(file);
  if (type === null || value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const inside = `${place}.${name}`;
    const declaration = type.members.get(name);
    if (declaration === undefined) return [`${inside} is not in the type and would be dropped`];
    const path = type.imports.get(declaration.replace(/^Array<(.+)>$/, '$1'));
    if (path === undefined) return [];
    const next = resolve(modules, file, path);
    if (!Array.isArray(member)) return unknown(modules, next, member, inside);
    return member.flatMap((element, index) => unknown(modules, next, element, `${inside}[${index}]`));
  });
}
