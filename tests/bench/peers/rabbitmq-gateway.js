// A gateway that puts edits into the work queue and sends committed edits to its clients.

import amqp from 'amqplib';
import { SAVED_EDITS, WORK_QUEUE } from './queue-names.js';
import { createSocketServer, listen } from './socket-server.js';

// With Nagle's algorithm, a small message waits for the acknowledgement of the one before.
const connection = await amqp.connect(process.env.AMQP_URL, { noDelay: true });
const channel = await connection.createChannel();
await channel.assertQueue(WORK_QUEUE, { durable: true });
await channel.assertExchange(SAVED_EDITS, 'fanout', { durable: false });
const { queue } = await channel.assertQueue('', { exclusive: true });
await channel.bindQueue(queue, SAVED_EDITS, '');

const { http, io } = createSocketServer((edit) => {
  channel.sendToQueue(WORK_QUEUE, Buffer.from(JSON.stringify(edit)), { persistent: true });
});

await channel.consume(
  queue,
  (message) => {
    const edit = JSON.parse(message.content.toString());
    io.local.to(edit.board).emit('edited', edit);
  },
  { noAck: true },
);
listen(http);
