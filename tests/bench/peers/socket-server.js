// What both kinds of gateway share: a Socket.IO server with one room for each board.

import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { readBoard } from './note-store.js';

/** A server that passes each received edit to `submit`. */
export function createSocketServer(submit, options = {}) {
  const http = createServer();
  const io = new Server(http, { serveClient: false, ...options });
  io.on('connection', (socket) => {
    socket.on('join', async (board, reply) => {
      // The room first, so that no edit is missed between the state and the first event.
      socket.join(board);
      reply(await readBoard(board));
    });
    socket.on('edit', submit);
  });
  return { http, io };
}

/** Listens on the configured port, and reports it. */
export function listen(http) {
  http.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('ready'));
}
