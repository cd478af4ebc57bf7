/** How the figures are taken, for those who want to take them again or doubt them. */
export const METHOD = `## Method

\`\`\`sh
npm run bench -- --acceptance --report                 # every row of the targets, three runs each: about 50 minutes
npm run bench -- --compare --report                    # aiortc and GStreamer beside this server: about 25 minutes
npm run bench -- --network bottleneck-1500k            # one network; --network all
npm run bench -- --rows overhead,keys,bursts           # rows: sessions, cpu, overhead, keys, bursts, sync, scale, colour
npm run bench -- --rows sync --av-minutes 10
npm run bench -- --help
\`\`\`

Needs Chromium, and for comparisons Debian's \`python3-aiortc\` and GStreamer (the benchmark names the packages that are missing and goes on without
them). No root. Everything runs on one machine, so Chromium's decoding takes from the same cores as the server; nothing else should run
meanwhile. A figure is the median of its runs; a run that could not measure it makes it “–”, which meets no target.

**Frames.** The clip (\`scripts/make-clip.mjs\`) draws a counter into each picture, and the page reads it from every decoded frame
(\`MediaStreamTrackProcessor\`), so that distinct, repeated and missing pictures are counted exactly, at any size down to 104×60. A freeze is
the time between two different pictures as they leave the receiver, the end of the run included; “on the screen” is the same by the
compositor's clock (\`requestVideoFrameCallback\`).

**Networks.** A relay in a process of its own (\`test/support/relay/\`) stands between the browser and the server: the probe page's offer and answer pass
through the benchmark, which puts the relay's ports in the place of the ICE candidates, so that STUN, DTLS, media and feedback all go
through it. Per direction it is a bit clock (capacity, which may change on a schedule that begins with the first packet of media), a
drop-tail queue bounded in milliseconds or bytes, a delay, jitter that keeps the order, and seeded random loss, single or in bursts. Packets count
with their IP and UDP headers. Timers of Node know whole milliseconds: a packet may leave up to 0.5 ms early or 1 ms late, and the error does
not add up. Loss is on the way to the browser only. It counts everything that came, left, was lost and waited, every 100 ms.

- _Round trip_: the path's delay both ways and the p95 of what each packet waited in the queue. Chromium's own value, beside it, comes from STUN
  checks and is renewed about every 2.5 s.
- _Link used_: bits that left the link of those that could have, from the first packet of media to the end.
- _Step up_: from the step to the end of the first second in which at least 80 % of the new capacity was carried. _Step down_: to the beginning of
  the first half second in which no more was sent than the link can carry.
- _Gap in the sound_: the longest stretch that was silent (the clip never is) or that the receiver made up (\`concealedSamples\`, read every 100 ms;
  neighbouring readings that both have some count as one stretch, so that a gap is never taken for shorter than it was).

**Transport overhead.** A pipeline yields prepared JPEG pictures, one a chunk, and says in the chunk's metadata when it did; the page pairs that with
the frame's counter. Both clocks are the system's; their difference is measured by asking the page thirty times and is corrected, with
the uncertainty given. “Shown” is the compositor's expected display time, so it includes waiting for a 60 Hz refresh.

**Key to changed pixel.** From \`channel.send\` in the page to the first decoded frame in which the key's button is lit, with \`pipelines/arrow-overlay\`.

**Bursts.** \`pipelines/video-replay\` yields 32 frames at once. The pace is the slope of a line through all arrivals.

**Sound against picture.** The clip flashes and beeps each second. From the vsync that shows the flash to the sample of the beep leaving the audio
device, as Chromium reports them; the refresh makes each reading uncertain by 17 ms, so the median of several counts. Sound heard
late is positive.

**CPU.** User and system time of the server's process and of its pipeline's, for each frame that arrived, after 20 s. The reference is FFmpeg's MJPEG decoder and
x264 (ultrafast, zerolatency, one thread) on the same pictures, alone, paced at 24 fps, before and after. aiortc decodes the same
pictures with the same decoder; its encoder's limits are all set so that 2 Mbps come out. Debian's encodes with x264's preset “medium”, which is its own choice.

**Eight sessions.** The viewers are werift receivers in another process that decode nothing and count frames by RTP markers and timestamps. They
acknowledge packets (transport-wide feedback, REMB). The delay of the server's event loop is taken from within it (\`monitorEventLoopDelay\`, every
10 ms, the timer's own interval taken off).

**Colour.** A chart of 24 patches (ColorChecker, sRGB) as raw RGB and as JPEG; what a canvas shows of the middle of each patch against the value that was
drawn.
`;
