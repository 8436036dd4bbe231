import { request } from 'node:http';

/** One call of a daemon's control socket. */
export function callControl(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  body: string | Uint8Array = '',
): Promise<{ status: number; body: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path }, (response) => {
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
