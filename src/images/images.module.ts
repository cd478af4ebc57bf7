import { Module } from '@nestjs/common';
import { InitialImages } from './initial-images.service.js';

/** Pictures that clients send in files. */
@Module({
  providers: [InitialImages],
  exports: [InitialImages],
})
export class ImagesModule {}
