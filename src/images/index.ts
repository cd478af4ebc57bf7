export { ImagesModule } from './images.module.js';
export { InitialImages } from './initial-images.service.js';
