/** The longest path the kernel takes. */
const maxPath = 4096;

/**
 * A path as an SBOM or a scanner writes it (`./usr/bin/x`, `usr/bin/x`, `/usr//bin/x`), as the kernel says it. What lies
 * inside an archive (`/app/a.jar:lib/b.jar`, `app/a.jar/lib/b.jar`) is the archive: that is the file which is opened.
 * @returns undefined for what is no path in an image
 */
export function imagePath(text: string): string | undefined {
  const archive = /^(.*?\.(?:jar|war|ear|par|hpi|jpi|whl|egg))[:/!]./i.exec(text)?.[1] ?? text;
  const parts = archive.split('/').filter((part) => part !== '' && part !== '.');
  const path = `/${parts.join('/')}`;
  const isPath = parts.length > 0 && !parts.includes('..') && path.length <= maxPath;
  return isPath && !path.includes('\0') ? path : undefined;
}

/**
 * Where `/bin`, `/sbin` and `/lib*` are links into `/usr` (nearly every distribution), a package list says one name and
 * the kernel the other. Both are brought into `/usr`; whoever looks up asks for the exact name first.
 */
export function usrMerged(path: string): string {
  return path.replace(/^\/(?=(?:s?bin|lib|lib32|lib64|libx32)\/)/, '/usr/');
}

/** `libz.so.1.2.13` → `libz.so.{version}`, `libc-2.31.so` → `libc-{version}.so`, as reads are generalised. */
export function libraryForm(path: string): string | undefined {
  const version = libraryVersion(path);
  if (version !== undefined) return path.replace(/\.so\.[0-9.]+$/, '.so.{version}');
  const release = /^(.*)-\d+(?:\.\d+)+\.so$/.exec(path)?.[1];
  return release === undefined ? undefined : `${release}-{version}.so`;
}

/** The numbers behind `.so.`. */
function libraryVersion(path: string): string | undefined {
  return /\.so\.(\d+(?:\.\d+)*)$/.exec(path)?.[1];
}

/** Whether two names are of one library: a package may list the link `libz.so.1`, the kernel says `libz.so.1.2.13`. */
export function isSameLibrary(a: string, b: string): boolean {
  const [x, y] = [libraryVersion(a), libraryVersion(b)];
  if (x === undefined || y === undefined) return false;
  return x === y || x.startsWith(`${y}.`) || y.startsWith(`${x}.`);
}

/** Python's compiled code is made on the machine: it belongs to whoever owns the source. */
export function pythonSource(path: string): string | undefined {
  const found = /^(.*)\/__pycache__\/([^/]+?)\.[a-z]+-\d+(?:\.opt-\d)?\.pyc$/.exec(path);
  return found === null ? undefined : `${found[1]}/${found[2]}.py`;
}

/** Where only the distribution's packages put programs and libraries; `/usr/local`, `/opt`, `/app` are for others. */
export function isSystemPath(path: string): boolean {
  return /^\/(?:usr\/)?(?:s?bin|lib|lib32|lib64|libx32|libexec)\//.test(path);
}
