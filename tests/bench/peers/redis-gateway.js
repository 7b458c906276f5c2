// A gateway that commits edits itself and reaches the clients of other gateways through Redis.

import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { saveEdit } from './note-store.js';
import { createSocketServer, listen } from './socket-server.js';

const publisher = createClient({ url: process.env.REDIS_URL });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const { http, io } = createSocketServer(
  async (edit) => {
    const saved = await saveEdit(edit);
    if (saved) io.to(saved.board).emit('edited', saved);
  },
  { adapter: createAdapter(publisher, subscriber) },
);
listen(http);
