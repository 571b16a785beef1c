# Container.pm - containers' images made with tar and a few lines of JSON, as docker save, podman save and skopeo write them
package Container;
use strict;
use warnings;
use Digest::SHA;
use Exporter 'import';
use File::Path 'make_path';

our @EXPORT = qw(layer layout docker_archive change);

sub sum { my ($path) = @_; return Digest::SHA->new(256)->addfile($path, 'b')->hexdigest }

sub spew {
    my ($path, $bytes) = @_;
    open my $f, '>:raw', $path or die "cannot write '$path': $!";
    print $f $bytes;
    close $f;
    return $path;
}

# A tar of a folder's content; return {tar, sum}
sub layer {
    my ($tar, $folder) = @_;
    system('tar', '--numeric-owner', '--owner=0', '--group=0', '-C', $folder, '-cf', $tar, '.') == 0 or die "tar fails";
    return {tar => $tar, sum => sum($tar)};
}

# The configuration of layers; $run is what "config" has, as JSON
sub config {
    my ($run, $arch, @layers) = @_;
    my $sums = join ',', map {qq{"sha256:$_->{sum}"}} @layers;
    return qq{{"architecture":"$arch","os":"linux","config":$run,"rootfs":{"type":"layers","diff_ids":[$sums]}}};
}

# A folder that is an OCI layout; $pack compresses a layer: "gzip -c", "zstd -c", or "cat"
sub layout {
    my ($folder, $pack, $run, @layers) = @_;
    make_path("$folder/blobs/sha256");
    my $blob = sub {
        my ($bytes) = @_;
        my $hex = Digest::SHA::sha256_hex($bytes);
        spew("$folder/blobs/sha256/$hex", $bytes);
        return qq{"digest":"sha256:$hex","size":} . length $bytes;
    };
    my $layers = join ',', map { '{' . $blob->(scalar `$pack <$_->{tar}`) . '}' } @layers;
    my $config = $blob->(config($run, 'amd64', @layers));
    my $manifest = $blob->(qq{{"schemaVersion":2,"config":{$config},"layers":[$layers]}});
    spew("$folder/oci-layout", '{"imageLayoutVersion":"1.0.0"}');
    spew("$folder/index.json", qq{{"schemaVersion":2,"manifests":[{$manifest}]}});
    return $folder;
}

# An archive as docker save has written it up to version 24
sub docker_archive {
    my ($path, $run, $arch, @layers) = @_;
    my $folder = "$path.d";
    make_path($folder);
    my $config = config($run, $arch, @layers);
    my $name = Digest::SHA::sha256_hex($config) . '.json';
    my @paths;
    for my $l (@layers) {
        make_path("$folder/$l->{sum}");
        link $l->{tar}, "$folder/$l->{sum}/layer.tar";
        push @paths, qq{"$l->{sum}/layer.tar"};
    }
    spew("$folder/$name", $config);
    spew("$folder/manifest.json", sprintf(q([{"Config":"%s","RepoTags":["app:1"],"Layers":[%s]}]), $name, join(",", @paths)));
    system('tar', '-C', $folder, '-cf', $path, (map {$_->{sum}} @layers), $name, 'manifest.json') == 0 or die "tar fails";
    return $path;
}

# The same file with some bytes in the place of others of as many, all in a file of another name
sub change {
    my ($from, $to, $old, $new) = @_;
    open my $f, '<:raw', $from or die "cannot read '$from': $!";
    local $/;
    my $bytes = <$f>;
    $bytes =~ s/\Q$old\E/$new/ or die "no '$old' in '$from'";
    return spew($to, $bytes);
}

1;
