import { useEffect, useRef, type ReactElement } from 'react';

const SAMPLES = 256;
/** Speech is far below full scale. */
const GAIN = 4;

/** How loud the microphone is. */
export function LevelMeter({ track }: { readonly track: MediaStreamTrack }): ReactElement {
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: SAMPLES });
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(SAMPLES);
    let frame = 0;
    const look = (): void => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / SAMPLES;
      if (meter.current !== null) meter.current.value = Math.min(1, Math.sqrt(power) * GAIN);
      frame = requestAnimationFrame(look);
    };
    look();
    return () => {
      cancelAnimationFrame(frame);
      void context.close();
    };
  }, [track]);
  return <meter className="device__level" ref={meter} min={0} max={1} aria-label="Microphone level" />;
}
