'use strict';

const path = require('node:path');
const readline = require('node:readline');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const SETTLE_MS = 100;

function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at >= 0 ? process.argv[at + 1] : otherwise;
}

const definition = loader.loadSync(path.join(__dirname, 'bench.proto'), { keepCase: true, longs: Number });
const { Bench } = grpc.loadPackageDefinition(definition).honu.bench;

// A benchmark that does not do its work must not print a figure.
function fail(why) {
  console.error(why);
  process.exit(1);
}

// Writes until take() returns null, as fast as the stream accepts.
function pump(stream, take, end) {
  const next = () => {
    for (;;) {
      const message = take();
      if (message === null) {
        end();
        return;
      }
      if (!stream.write(message)) {
        stream.once('drain', next);
        return;
      }
    }
  };
  next();
}

function serve() {
  const server = new grpc.Server();
  server.addService(Bench.service, {
    Unary: (call, callback) => callback(null, { payload: call.request.payload }),
    ServerStream: call => {
      const message = { payload: Buffer.alloc(call.request.size) };
      pump(call, () => (call.cancelled ? null : message), () => {});
    },
    ClientStream: (call, callback) => {
      const summary = { messages: 0, bytes: 0 };
      call.on('data', message => {
        summary.messages++;
        summary.bytes += message.payload.length;
      });
      call.on('end', () => callback(null, summary));
    },
    Bidi: call => {
      call.on('data', message => {
        if (!call.write({ payload: message.payload })) {
          call.pause();
          call.once('drain', () => call.resume());
        }
      });
      call.on('end', () => call.end());
    },
  });
  server.bindAsync(`127.0.0.1:${option('port', '0')}`, grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) fail(error.message);
    console.log(`port ${port}`);
  });
  process.stdin.on('end', () => process.exit(0)).resume();
}

class Client {
  constructor() {
    this.scenario = option('scenario');
    this.size = Number(option('size', '100'));
    this.concurrency = Number(option('concurrency', '1'));
    this.message = { payload: Buffer.alloc(this.size) };
    this.stub = new Bench(option('address'), grpc.credentials.createInsecure());
  }

  check(message) {
    if (message.payload.length !== this.size) fail('A message of the wrong length came back.');
  }

  record(start) {
    if (this.phase !== 'measure') return;
    this.micros.push(Number(process.hrtime.bigint() - start) / 1e3);
    this.count++;
  }

  unary() {
    return new Promise(resolve => {
      const next = () => {
        const start = process.hrtime.bigint();
        this.stub.Unary(this.message, (error, response) => {
          if (error) fail(error.message);
          this.check(response);
          this.record(start);
          if (this.phase === 'stop') resolve();
          else next();
        });
      };
      next();
    });
  }

  pingpong() {
    return new Promise(resolve => {
      const call = this.stub.Bidi();
      let start = process.hrtime.bigint();
      call.on('data', response => {
        this.check(response);
        this.record(start);
        start = process.hrtime.bigint();
        if (this.phase === 'stop') call.end();
        else call.write(this.message);
      });
      call.on('error', error => fail(error.message));
      call.on('end', resolve);
      call.write(this.message);
    });
  }

  serverstream() {
    return new Promise(resolve => {
      const call = this.stub.ServerStream({ size: this.size });
      call.on('data', response => {
        this.check(response);
        if (this.phase === 'measure') this.count++;
        else if (this.phase === 'stop') call.cancel();
      });
      call.on('error', error => (error.code === grpc.status.CANCELLED ? resolve() : fail(error.message)));
    });
  }

  clientstream() {
    return new Promise(resolve => {
      let sent = 0;
      const call = this.stub.ClientStream((error, summary) => {
        if (error || summary.messages !== sent || summary.bytes !== sent * this.size) fail('Other messages arrived than were sent.');
        this.count += sent;
        resolve();
      });
      this.send(call, () => sent++);
    });
  }

  flood() {
    return new Promise(resolve => {
      let sent = 0;
      let received = 0;
      const call = this.stub.Bidi();
      call.on('data', response => {
        this.check(response);
        received++;
      });
      call.on('error', error => fail(error.message));
      call.on('end', () => {
        if (sent !== received) fail('Other messages came back than were sent.');
        this.count += received;
        resolve();
      });
      this.send(call, () => sent++);
    });
  }

  send(call, count) {
    const take = () => {
      if (this.phase === 'stop') return null;
      count();
      return this.message;
    };
    pump(call, take, () => call.end());
  }

  start() {
    return Promise.all(Array.from({ length: this.concurrency }, () => this[this.scenario]()));
  }

  // Operations that end within the window count. Where the client sends, whole calls do, from their begin until the other side has confirmed all
  // messages: what lies in buffers is neither gained nor lost.
  async measure(seconds) {
    const whole = this.scenario === 'clientstream' || this.scenario === 'flood';
    const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
    this.count = 0;
    this.micros = [];
    this.phase = 'settle';
    let running;
    if (!whole) {
      running = this.start();
      await sleep(SETTLE_MS);
    }
    console.log('measuring');
    const start = process.hrtime.bigint();
    const cpu = process.cpuUsage();
    this.phase = 'measure';
    const slept = sleep(seconds * 1e3);
    running ??= this.start();
    await slept;
    this.phase = 'stop';
    if (whole) await running;
    const elapsed = Number(process.hrtime.bigint() - start) / 1e9;
    const used = process.cpuUsage(cpu);
    await running;
    return { elapsed, cpuMs: (used.user + used.system) / 1e3 };
  }

  print({ elapsed, cpuMs }) {
    const sorted = Float64Array.from(this.micros).sort();
    const quantile = q => (sorted.length === 0 ? null : sorted[Math.floor(q * (sorted.length - 1))]);
    console.log(JSON.stringify({
      impl: 'js', scenario: this.scenario, size: this.size, concurrency: this.concurrency, hint: false, operations: this.count,
      opsPerSecond: this.count / elapsed, p50us: quantile(0.5), p99us: quantile(0.99), p999us: quantile(0.999), cpuMs,
    }));
  }

  async run() {
    if (!['unary', 'pingpong', 'serverstream', 'clientstream', 'flood'].includes(this.scenario)) fail('There is no such scenario.');
    const seconds = Number(option('seconds', '2'));
    await this.measure(Number(option('warmup', '1')));
    if (!process.argv.includes('--interactive')) {
      this.print(await this.measure(seconds));
      process.exit(0);
    }

    // One round for each line, so that the rounds of several warm clients can take turns.
    console.log('ready');
    for await (const _ of readline.createInterface({ input: process.stdin })) this.print(await this.measure(seconds));
    process.exit(0);
  }
}

switch (process.argv[2]) {
  case 'server':
    serve();
    break;
  case 'client':
    new Client().run();
    break;
  default:
    fail('server --port 0\nclient --address HOST:PORT --scenario NAME --size BYTES --concurrency N --seconds S [--warmup S] [--interactive]');
}
