import { anyLeaf, belowLeaf, isSiblingPattern, splitPath } from './pattern-names.ts';

/** The share of a tree of files that a set of names and patterns covers, in [0, 1]. */
interface Directory {
  names: number;
  classes: number;
  any: boolean;
  below: boolean;
  readonly children: Map<string, Directory>;
}

/**
 * How much of all files a program may touch in one way. Grows with every name and pattern, never reaches what a wider
 * pattern in their place would give: names < sibling classes < any name < everything below. A directory passes on
 * `y / (1 + y)` of what is in it, so that what lies deeper weighs less.
 */
export function treeShare(paths: Iterable<string>): number {
  const root = empty();
  for (const path of paths) {
    const [directory, leaf] = splitPath(path);
    const node = nodeAt(root, directory);
    if (leaf === anyLeaf) node.any = true;
    else if (leaf === belowLeaf) node.below = true;
    else if (isSiblingPattern(leaf)) node.classes++;
    else node.names++;
  }
  return share(root);
}

function empty(): Directory {
  return { names: 0, classes: 0, any: false, below: false, children: new Map() };
}

function nodeAt(root: Directory, directory: string): Directory {
  let node = root;
  for (const part of directory.split('/')) {
    if (part === '') continue;
    const next = node.children.get(part) ?? empty();
    node.children.set(part, next);
    node = next;
  }
  return node;
}

function share(node: Directory): number {
  if (node.below) return 1;
  let sum = ofNames(node);
  for (const child of node.children.values()) sum += share(child);
  return sum / (1 + sum);
}

function ofNames({ names, classes, any }: Directory): number {
  if (any) return 1;
  if (classes > 0) return 0.6 + (0.2 * classes) / (classes + 1);
  return (0.6 * names) / (names + 20);
}
