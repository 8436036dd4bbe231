import { request } from 'node:http';

/** One call of a daemon's control socket. A signed document goes as bytes, everything else as JSON. */
export function callControl(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  body: string | Uint8Array = '',
  more: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const type = path.endsWith('/documents') ? 'application/octet-stream' : 'application/json';
    const headers = body.length === 0 ? more : { ...more, 'content-type': type };
    const sent = request({ socketPath, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
