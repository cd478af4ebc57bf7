import { AcknowledgedBitrate } from './acknowledged-bitrate.js';
import { ArrivalGroups } from './arrival-groups.js';
import { DelayBasedRate } from './delay-based-rate.js';
import { FeedbackWatch } from './feedback-watch.js';
import { LossBasedRate } from './loss-based-rate.js';
import type { NetworkLimits, NetworkState, PacketArrival, Probe, SentPacket } from './network.js';
import { OveruseDetector } from './overuse-detector.js';
import { ProbeMeter } from './probe-meter.js';
import { ProbePlanner } from './probe-planner.js';
import { pushBack, QueueGauge } from './queue-gauge.js';
import { ReportBasedRate } from './report-based-rate.js';
import { type ReceivedPacket, type ReportedPackets, SentPacketLog } from './sent-packet-log.js';

const PACING_FACTOR = 2.5;
/** How far past what is wanted the estimate grows by itself and by probes. */
const WANTED_MARGIN = 1.5;
const PROBED_MARGIN = 1.2;
/** How long a figure of RTCP (round trip, REMB beside transport feedback) stands. */
const REPORT_VALID_MS = 5000;
const ROUND_TRIP_SMOOTHING = 0.2;
/** Without a word of the receiver. */
const DEFAULT_ROUND_TRIP_MS = 100;
const MAX_ROUND_TRIP_MS = 60_000;
/** Arrivals further apart are not compared: the queue of before is gone. */
const STREAM_PAUSE_MS = 2000;
/** A step of the receiver's clock against ours that no queue explains. */
const CLOCK_STEP_MS = 3000;
/** Reports are this far apart, and one may be lost, before bytes in flight speak of a queue. */
const REPORT_INTERVAL_MS = 250;
/** Under this there is no queue to speak of: clocks, timers and quarter milliseconds. */
const MIN_QUEUE_MS = 8;
/** Queues over this make a probe measure the queue. */
const CALM_QUEUE_MS = 30;
const CALM_AFTER_CUT_MS = 1000;
const PROBE_EXPIRES_MS = 1000;
/** How long a probe's queue may last for the detectors to look away. */
const MAX_PROBE_DRAIN_MS = 200;
/** One step back when feedback is overdue. */
const OVERDUE_DECREASE = 0.7;

interface OpenProbe {
  readonly meter: ProbeMeter;
  readonly takenAtMs: number;
}

/**
 * Decides how much may be sent on one path: Google Congestion Control on the sender's side (draft-ietf-rmcat-gcc-02 with what goog_cc
 * changed since), fed with every sent packet and with the receiver's transport-wide feedback; REMB and receiver reports where there is
 * none. Pure: no timers and no clock of its own; a clock that stands still or steps back does no harm. docs/congestion.md explains it.
 */
export class CongestionController {
  readonly #log = new SentPacketLog();
  readonly #groups = new ArrivalGroups();
  readonly #detector = new OveruseDetector();
  readonly #acknowledged = new AcknowledgedBitrate();
  readonly #queue = new QueueGauge();
  readonly #watch = new FeedbackWatch();
  readonly #losses: LossBasedRate;
  readonly #delays: DelayBasedRate;
  readonly #reports: ReportBasedRate;
  readonly #planner: ProbePlanner;
  #source: NetworkState['source'] = 'start';
  #nowMs: number;
  #wanted = Infinity;
  #learnt = false;
  #openProbe: OpenProbe | undefined;
  /** Packets that left in this span met the queue of a probe. */
  #probeSpan = { beganAtMs: Infinity, drainedAtMs: -Infinity };
  /** The rate before feedback stayed away; undefined while it comes. */
  #bitrateBeforeSilence: number | undefined;
  /** What was sent before and is reported lost tells of the silence and not of the rate. */
  #silenceEndedAtMs = -Infinity;
  #lastReceivedAtMs: number | undefined;
  #lastDelayMs: number | undefined;
  #feedbackRoundTripMs: number | undefined;
  #reportedRoundTrip: { readonly ms: number; readonly atMs: number } | undefined;
  #receiverEstimateAtMs = -Infinity;
  #reportedLoss = 0;

  constructor(
    private readonly limits: NetworkLimits,
    nowMs: number,
  ) {
    const { startBitrate, minBitrate, maxBitrate } = limits;
    const start = Math.min(Math.max(startBitrate, minBitrate), maxBitrate);
    this.#nowMs = nowMs;
    this.#losses = new LossBasedRate(minBitrate);
    this.#delays = new DelayBasedRate(start, minBitrate, maxBitrate, nowMs);
    this.#reports = new ReportBasedRate(start, minBitrate, maxBitrate);
    this.#planner = new ProbePlanner(start);
  }

  packetSent(packet: SentPacket): void {
    const sentAtMs = Number.isFinite(packet.sentAtMs) ? packet.sentAtMs : this.#nowMs;
    this.#advance(sentAtMs);
    this.#log.add({ ...packet, sentAtMs });
    this.#watch.packetSent(sentAtMs);
    const open = this.#openProbe?.meter;
    if (open === undefined || packet.probe !== open.probe.id) return;
    if (!open.anySent) this.#probeSpan.beganAtMs = sentAtMs;
    open.packetSent(packet);
    const drainMs = Math.min((open.probe.bytes * 8 * 1000) / this.#delays.bitrate, MAX_PROBE_DRAIN_MS);
    this.#probeSpan.drainedAtMs = sentAtMs + drainMs;
  }

  /** One transport feedback. */
  arrivalsReported(arrivals: readonly PacketArrival[], nowMs: number): void {
    const now = this.#advance(nowMs);
    const reported = this.#log.report(arrivals);
    if (reported.received.length === 0 && reported.lost.length === 0) return;
    this.#source = 'transport-feedback';
    if (reported.received.length > 0) this.#answered();
    this.#noticeDiscontinuity(reported.received);
    this.#measureRoundTrip(reported.received, now);
    this.#measureQueue(reported.received, now);
    const cutAtMs = this.#delays.cutAtMs;
    const { surges } = this.#queue;
    this.#delays.update({
      usage: surges ? 'overusing' : this.#usage,
      acknowledgedBitrate: surges ? this.#acknowledged.latest : this.#acknowledged.bitrate,
      roundTripMs: this.#feedbackRoundTripMs,
      ceiling: Math.min(this.limits.maxBitrate, WANTED_MARGIN * this.#wanted),
      nowMs: now,
    });
    if (this.#delays.cutAtMs !== cutAtMs) this.#planner.slowedDown();
    this.#measureLosses(reported, now);
    this.#measureProbe(reported);
    this.#learnt ||= this.#acknowledged.bitrate !== undefined;
  }

  /** REMB, in bits per second: the estimate where no transport feedback comes, otherwise a limit while it is fresh. */
  receiverEstimated(bitrate: number, nowMs: number): void {
    if (!(bitrate >= 0)) return;
    const now = this.#advance(nowMs);
    this.#reports.receiverEstimated(bitrate, now);
    this.#receiverEstimateAtMs = now;
    if (this.#source === 'transport-feedback') return;
    this.#answered();
    this.#source = 'remb';
    this.#learnt = true;
  }

  /** An RTCP receiver report: the share lost since the last one (0 to 1) and the round trip by RFC 3550 section 6.4.1. */
  lossReported(fractionLost: number, roundTripMs: number | undefined, nowMs: number): void {
    if (!(fractionLost >= 0 && fractionLost <= 1)) return;
    const now = this.#advance(nowMs);
    const saneMs = roundTripMs !== undefined && roundTripMs >= 0 && roundTripMs < MAX_ROUND_TRIP_MS ? roundTripMs : undefined;
    if (saneMs !== undefined) this.#reportedRoundTrip = { ms: saneMs, atMs: now };
    this.#reportedLoss = fractionLost;
    if (this.#source === 'transport-feedback') return;
    this.#answered();
    this.#reports.lossReported(fractionLost, saneMs, now);
  }

  /** What the sender can use at most, in bits per second: the estimate does not grow far past it, and no probe goes there. */
  setWanted(bitrate: number): void {
    if (bitrate >= 0) this.#wanted = bitrate;
  }

  /** To be called every 25–50 ms: notices that feedback stays away. */
  tick(nowMs: number): void {
    const now = this.#advance(nowMs);
    this.#expireProbe(now);
    const answers = this.#source === 'transport-feedback' ? 'transport-feedback' : 'reports';
    const overdue = this.#watch.overdue(answers, this.#roundTripMs ?? DEFAULT_ROUND_TRIP_MS);
    if (overdue === 'no') return;
    this.#bitrateBeforeSilence ??= this.#bitrate;
    const factor = overdue === 'dead' ? 0 : OVERDUE_DECREASE;
    this.#delays.set(this.#delays.bitrate * factor, now);
    this.#reports.set(this.#reports.bitrate * factor);
    if (overdue === 'dead') this.#log.forgetInFlight();
  }

  /** The probe to send now, if one is due. Its packets are to come back by `packetSent` with its id; one that is not sent does no harm. */
  takeProbe(nowMs: number): Probe | undefined {
    const now = this.#advance(nowMs);
    this.#expireProbe(now);
    if (this.#openProbe !== undefined || this.#source !== 'transport-feedback') return undefined;
    const probe = this.#planner.next({
      bitrate: this.#bitrate,
      ceiling: Math.min(this.limits.maxBitrate, PROBED_MARGIN * this.#wanted),
      calm: this.#calm,
      nowMs: now,
    });
    if (probe !== undefined) this.#openProbe = { meter: new ProbeMeter(probe), takenAtMs: now };
    return probe;
  }

  get state(): NetworkState {
    const bitrate = this.#bitrate;
    const share = pushBack(this.#queueMs);
    const targetBitrate = Math.max(this.limits.minBitrate, bitrate * share);
    return {
      targetBitrate: Math.round(targetBitrate),
      pacingBitrate: Math.round(share * PACING_FACTOR * targetBitrate),
      estimate: this.#learnt ? Math.round(bitrate) : undefined,
      roundTripMs: this.#roundTripMs,
      lossFraction: this.#source === 'transport-feedback' ? this.#losses.lossFraction : this.#reportedLoss,
      usage: this.#usage,
      source: this.#source,
    };
  }

  /** Without what is taken back for the queue. */
  get #bitrate(): number {
    if (this.#source !== 'transport-feedback') return this.#reports.bitrate;
    const cap = this.#nowMs - this.#receiverEstimateAtMs < REPORT_VALID_MS ? this.#reports.receiverEstimate : undefined;
    return Math.max(this.limits.minBitrate, Math.min(this.#delays.bitrate, this.#losses.bitrate, cap ?? Infinity));
  }

  /** A receiver report measures the round trip itself; feedback measures it with the time the receiver held it back. */
  get #roundTripMs(): number | undefined {
    const reported = this.#reportedRoundTrip;
    return reported !== undefined && this.#nowMs - reported.atMs < REPORT_VALID_MS ? reported.ms : this.#feedbackRoundTripMs;
  }

  /** The queue as the delays show it or, while feedback is late, as the bytes without an answer do. */
  get #queueMs(): number {
    if (this.#source !== 'transport-feedback') return 0;
    const leaves = Math.max(this.#bitrate, this.#acknowledged.bitrate ?? 0);
    const inFlightMs = (this.#log.bytesInFlight * 8 * 1000) / leaves;
    const answeredInMs = (this.#feedbackRoundTripMs ?? DEFAULT_ROUND_TRIP_MS) + REPORT_INTERVAL_MS;
    return Math.max(this.#queue.ownQueueMs, inFlightMs - answeredInMs);
  }

  /** A trend without a queue is a receiver that was busy for a moment and has caught up. */
  get #usage(): NetworkState['usage'] {
    return this.#detector.usage === 'overusing' && this.#queue.queueMs < MIN_QUEUE_MS ? 'normal' : this.#detector.usage;
  }

  get #calm(): boolean {
    const cutLongAgo = this.#nowMs - this.#delays.cutAtMs >= CALM_AFTER_CUT_MS;
    return this.#usage === 'normal' && this.#queueMs < CALM_QUEUE_MS && cutLongAgo;
  }

  /** The latest time seen: it never runs backwards. */
  #advance(nowMs: number): number {
    if (nowMs > this.#nowMs) this.#nowMs = nowMs;
    return this.#nowMs;
  }

  #answered(): void {
    this.#watch.answered();
    if (this.#bitrateBeforeSilence === undefined) return;
    this.#planner.startAgain(this.#bitrateBeforeSilence);
    this.#bitrateBeforeSilence = undefined;
    this.#silenceEndedAtMs = this.#nowMs;
  }

  #noticeDiscontinuity(received: readonly ReceivedPacket[]): void {
    for (const { packet, receivedAtMs } of received) {
      const delayMs = receivedAtMs - packet.sentAtMs;
      const stepped = Math.abs(delayMs - (this.#lastDelayMs ?? delayMs)) > CLOCK_STEP_MS;
      const paused = receivedAtMs - (this.#lastReceivedAtMs ?? receivedAtMs) > STREAM_PAUSE_MS;
      if (stepped) this.#queue.reset();
      if (stepped || paused) {
        this.#groups.reset();
        this.#detector.reset();
      }
      this.#lastDelayMs = delayMs;
      this.#lastReceivedAtMs = receivedAtMs;
      this.#measureArrival({ packet, receivedAtMs });
    }
  }

  #measureArrival(received: ReceivedPacket): void {
    this.#acknowledged.add(received.packet.bytes, received.receivedAtMs);
    if (this.#metProbe(received.packet)) return;
    const delta = this.#groups.add(received);
    if (delta !== undefined) this.#detector.add(delta);
  }

  /** The newest packet waited least at the receiver for the report to leave. */
  #measureRoundTrip(received: readonly ReceivedPacket[], nowMs: number): void {
    const newest = received.at(-1);
    if (newest === undefined) return;
    const sampleMs = Math.min(Math.max(nowMs - newest.packet.sentAtMs, 0), MAX_ROUND_TRIP_MS);
    const smoothedMs = this.#feedbackRoundTripMs ?? sampleMs;
    this.#feedbackRoundTripMs = smoothedMs + ROUND_TRIP_SMOOTHING * (sampleMs - smoothedMs);
  }

  #measureQueue(received: readonly ReceivedPacket[], nowMs: number): void {
    const ofTheSteadyRate = received.filter(({ packet }) => !this.#metProbe(packet));
    this.#queue.report(ofTheSteadyRate, nowMs);
  }

  #measureLosses(reported: ReportedPackets, nowMs: number): void {
    const ofTheSteadyRate = (packet: SentPacket): boolean => !this.#metProbe(packet) && packet.sentAtMs > this.#silenceEndedAtMs;
    this.#losses.report(
      reported.received.map(({ packet }) => packet).filter(ofTheSteadyRate),
      reported.lost.filter(ofTheSteadyRate),
      reported.foundAgain,
      {
        queueMs: this.#queue.queueMs,
        acknowledgedBitrate: this.#acknowledged.bitrate,
        delayBasedBitrate: this.#delays.bitrate,
        nowMs,
      },
    );
    if (this.#losses.limit < this.#delays.bitrate) this.#delays.set(this.#losses.limit, nowMs);
  }

  #metProbe({ sentAtMs, probe }: SentPacket): boolean {
    return probe !== undefined || (sentAtMs >= this.#probeSpan.beganAtMs && sentAtMs <= this.#probeSpan.drainedAtMs);
  }

  #measureProbe({ received, lost }: ReportedPackets): void {
    const meter = this.#openProbe?.meter;
    if (meter === undefined) return;
    for (const arrival of received) if (arrival.packet.probe === meter.probe.id) meter.packetReceived(arrival);
    for (const packet of lost) if (packet.probe === meter.probe.id) meter.packetLost();
    if (meter.complete) this.#finishProbe(meter);
  }

  #expireProbe(nowMs: number): void {
    const open = this.#openProbe;
    if (open !== undefined && nowMs - open.takenAtMs >= PROBE_EXPIRES_MS) this.#finishProbe(open.meter);
  }

  #finishProbe(meter: ProbeMeter): void {
    this.#openProbe = undefined;
    if (!meter.anySent) {
      this.#planner.notSent(meter.probe);
      return;
    }
    const { result } = meter;
    // Before anything else is known a probe may also show that the start was too fast; later only that there is more.
    const believed = result !== undefined && (!this.#learnt || result > this.#bitrate);
    if (believed) {
      this.#losses.probed(result, this.#nowMs);
      this.#delays.probed(result, this.#nowMs);
      this.#learnt = true;
    }
    this.#planner.finished(meter.probe, result, this.#nowMs);
  }
}
