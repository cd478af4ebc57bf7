import { useEffect, useRef, type ReactElement } from 'react';

/** What the camera sees, mirrored as people know themselves; what is sent is not. */
export function CameraPreview({ track }: { readonly track: MediaStreamTrack }): ReactElement {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current !== null) video.current.srcObject = new MediaStream([track]);
  }, [track]);
  return <video className="device__preview" ref={video} autoPlay playsInline muted aria-label="Camera preview" />;
}
