import { useId, useState, type ReactElement } from 'react';
import type { Place } from '../app/workspace.ts';
import { useStore } from '../session/store.ts';
import { IconButton } from '../ui/Button.tsx';
import { Icon } from '../ui/Icon.tsx';
import { formatBytes, IMAGE_TYPES, readInitialImage } from './initial-image.ts';

interface ImageDropProps {
  readonly place: Place;
  readonly maxBytes: number;
  /** What the server said of it. */
  readonly error: string | undefined;
}

/** The initial image: dropped, pasted or chosen. */
export function ImageDrop({ place, maxBytes, error }: ImageDropProps): ReactElement {
  const id = useId();
  const image = useStore(place.image);
  const [problem, setProblem] = useState<string>();
  const [isOver, setIsOver] = useState(false);
  const take = (file: File | undefined): void => {
    if (file === undefined) return;
    setProblem(undefined);
    readInitialImage(file, maxBytes).then(
      (read) => place.image.set(read),
      (failure: unknown) => setProblem(failure instanceof Error ? failure.message : String(failure)),
    );
  };
  const said = problem ?? error;
  return (
    <div className="field">
      <span className="field__label" id={`${id}-label`}>
        Initial image
      </span>
      <div
        className="drop"
        data-over={isOver}
        onDragOver={(event) => {
          event.preventDefault();
          setIsOver(true);
        }}
        onDragLeave={() => setIsOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setIsOver(false);
          take(event.dataTransfer.files[0]);
        }}
        onPaste={(event) => take(event.clipboardData.files[0])}
      >
        {image === undefined ? <Icon name="image" /> : <img className="drop__preview" src={image.dataUrl} alt="" />}
        <span className="drop__text">
          {image === undefined ? (
            <>
              Drop a picture, or <span className="drop__choose">choose one</span>
              <span className="field__hint">JPEG, PNG or WebP, up to {formatBytes(maxBytes)}</span>
            </>
          ) : (
            <>
              <span className="drop__name">{image.name}</span>
              <span className="field__hint">{formatBytes(image.bytes)}</span>
            </>
          )}
        </span>
        <input
          className="drop__input"
          type="file"
          accept={IMAGE_TYPES.join(',')}
          aria-labelledby={`${id}-label`}
          aria-describedby={said === undefined ? undefined : `${id}-error`}
          onChange={({ target }) => {
            take(target.files?.[0]);
            target.value = '';
          }}
        />
        {image !== undefined && (
          <IconButton icon="trash" label="Remove the initial image" onClick={() => place.image.set(undefined)} />
        )}
      </div>
      {said !== undefined && (
        <p className="field__error" id={`${id}-error`} role="alert">
          <Icon name="alert" />
          {said}
        </p>
      )}
    </div>
  );
}
