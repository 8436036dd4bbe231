import { connect } from 'node:net';

/** `node talk.ts ADDRESS PORT`: stdin to the peer, what it says to stdout. */
const [host = '', port = ''] = process.argv.slice(2);
const socket = connect(Number(port), host);
process.stdin.pipe(socket);
socket.pipe(process.stdout);
