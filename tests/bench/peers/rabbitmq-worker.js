// A worker that commits edits from the work queue. An edit is acknowledged after its commit, so the
// broker delivers it again if this process dies before.

import amqp from 'amqplib';
import { saveEdit } from './note-store.js';
import { SAVED_EDITS, WORK_QUEUE } from './queue-names.js';

const UNACKNOWLEDGED_MAX = 256;

// With Nagle's algorithm, a small message waits for the acknowledgement of the one before.
const connection = await amqp.connect(process.env.AMQP_URL, { noDelay: true });
const channel = await connection.createChannel();
await channel.assertQueue(WORK_QUEUE, { durable: true });
await channel.assertExchange(SAVED_EDITS, 'fanout', { durable: false });
await channel.prefetch(UNACKNOWLEDGED_MAX);

await channel.consume(WORK_QUEUE, async (message) => {
  const saved = await saveEdit(JSON.parse(message.content.toString()));
  if (saved) channel.publish(SAVED_EDITS, '', Buffer.from(JSON.stringify(saved)));
  channel.ack(message);
});
console.log('ready');
